import { readFileSync } from 'node:fs';
import { loadPolicySet, type LoadResult } from '../../../src/engine/load.js';
import type {
  Capability,
  DriverCatalogue,
  DriverDescription,
  PolicySet,
} from '../../../src/engine/policy-set.js';
import type { Problem, SourceFile } from '../../../src/engine/problem.js';

const FIXTURES = new URL('../../fixtures/policies/', import.meta.url);

/** Drivers that there are in these tests: one that can do everything, and some that cannot. */
const DRIVERS: DriverCatalogue = new Map([
  ['sim', driver(['power', 'memory', 'storage'])],
  ['no-power', driver(['memory', 'storage'])],
  ['no-memory', driver(['power', 'storage'])],
  ['no-storage', driver(['power', 'memory'])],
  [
    'bmc',
    driver(['power', 'memory', 'storage'], {
      type: 'object',
      additionalProperties: false,
      required: ['host'],
      properties: {
        host: { type: 'string' },
        port: { type: 'integer', minimum: 1, maximum: 65535 },
        passwordFrom: { type: 'object' },
      },
    }),
  ],
]);

function driver(
  capabilities: readonly Capability[],
  settings: object = { type: 'object' },
): DriverDescription {
  return { capabilities: new Set(capabilities), settings: { machine: settings, drive: settings } };
}

export function textFile(name: string, text: string): SourceFile {
  return bytesFile(name, new TextEncoder().encode(text));
}

export function bytesFile(name: string, bytes: Uint8Array): SourceFile {
  return { path: `policies/${name}`, name, bytes };
}

/** A file of `test/fixtures/policies`. */
export function fixture(path: string): string {
  return readFileSync(new URL(path, FIXTURES), 'utf8');
}

/** The smallest set that is right, but for its inventory. */
export const BASE_POLICIES = textFile('0-base/policies.yaml', fixture('base/policies.yaml'));
export const BASE_INVENTORY = textFile('0-base/inventory.yaml', fixture('base/inventory.yaml'));

export function load(...files: readonly SourceFile[]): LoadResult {
  return loadPolicySet(files, DRIVERS);
}

/** Loads files beside the base set; throws when they are not right. */
export function loadedWith(...files: readonly SourceFile[]): PolicySet {
  const result = load(BASE_POLICIES, BASE_INVENTORY, ...files);
  if (!result.ok) throw new Error(result.problems.map(inShort).join('\n'));
  return result.policySet;
}

/** The problems of files beside the base set. */
export function problemsWith(...files: readonly SourceFile[]): readonly Problem[] {
  return problemsOf(BASE_POLICIES, BASE_INVENTORY, ...files);
}

export function problemsOf(...files: readonly SourceFile[]): readonly Problem[] {
  const result = load(...files);
  return result.ok ? [] : result.problems;
}

/** `CODE file:line:column`. */
export function inShort({ code, file, line, column }: Problem): string {
  return `${code} ${file}:${line}:${column}`;
}
