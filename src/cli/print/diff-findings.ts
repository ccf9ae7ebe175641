import type { PolicyPlace } from '../../diff/index.js';
import { isConsequence, sideText, subjectText, type Change, type DiffReport } from './diff.js';
import type { Finding } from './finding.js';
import { counted } from './text.js';

/** One for each responsible policy, however many decisions it changes: GitHub shows only a few of a run. */
export function diffFindings({ changes, failures }: DiffReport): readonly Finding[] {
  const byPlace = new Map<string, [Change, ...Change[]]>();
  for (const change of [...failures, ...changes]) {
    const { file, line } = placeOf(change);
    const key = JSON.stringify([file, line]);
    const known = byPlace.get(key);
    if (known) known.push(change);
    else byPlace.set(key, [change]);
  }
  return [...byPlace.values()].map(findingOf);
}

/** Where HEAD stands in the pull request; what it has lost has only stood in BASE. */
function placeOf({ base, head }: Change): Pick<PolicyPlace, 'file' | 'line'> {
  return head.policy ?? base.policy ?? { file: '', line: 1 };
}

function findingOf(changes: readonly [Change, ...Change[]]): Finding {
  const example = changes.find((change) => !isConsequence(change)) ?? changes[0];
  const kinds = [...new Set(changes.flatMap((change) => change.changes))].join(', ');
  const { base, head } = example;
  return {
    code: 'DECISIONS_CHANGED',
    severity: 'warning',
    ...placeOf(example),
    column: null,
    message: `${counted(changes.length, 'decision')} changed: ${kinds}`,
    hint: `${subjectText(example)}: base ${sideText(base, example.changes)}; head ${sideText(head, example.changes)}`,
  };
}
