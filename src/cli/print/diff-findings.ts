import type { PolicyPlace, SurvivalChange } from '../../diff/index.js';
import { isConsequence, sideText, subjectText, survivedText, type Change, type DiffReport } from './diff.js';
import type { Finding } from './finding.js';
import { counted } from './text.js';

/** One for each responsible policy, however many decisions it changes: GitHub shows only a few of a run. */
export function diffFindings({ changes, failures, survival }: DiffReport): readonly Finding[] {
  const byPlace = new Map<string, [Change, ...Change[]]>();
  for (const change of [...failures, ...changes]) {
    const { file, line } = placeOf(change);
    const key = JSON.stringify([file, line]);
    const known = byPlace.get(key);
    if (known) known.push(change);
    else byPlace.set(key, [change]);
  }
  return [...survival.map(findingOfSurvival), ...[...byPlace.values()].map(findingOf)];
}

/** What a failure comes to is no single decision, so each stands for itself. */
function findingOfSurvival({ failure, server, changes, base, head }: SurvivalChange): Finding {
  const { file, line } = head.policy ?? base.policy ?? { file: '', line: 1 };
  return {
    code: 'SURVIVAL_CHANGED',
    severity: 'warning',
    file,
    line,
    column: null,
    message: `${server}, when ${failure} fails at the worst moment: ${changes.join(', ')}`,
    hint: `base ${survivedText(base)}; head ${survivedText(head)}`,
  };
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
