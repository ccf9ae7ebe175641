#!/usr/bin/env bash
# The repository's own policies go through everything that a pull request of an operator goes through.
set -euo pipefail
cd "$(dirname "$0")/.."

rekindle() {
  printf '\n$ rekindle %s\n' "$*"
  node dist/bin/rekindle.js "$@"
}

rekindle validate policies
rekindle check --strict policies
rekindle test --coverage --min 100 --mutate policies
rekindle diff policies policies --exit-code
