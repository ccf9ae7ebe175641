import type { TopLevelCondition } from 'json-rules-engine';
import { describe, expect, it } from 'vitest';
import { checkPolicySet } from '../../src/check/index.js';
import { alertPolicy, compares, label, measured, policySet } from '../engine/support/policies.js';

function findings(when: TopLevelCondition) {
  const set = policySet({ alerts: [alertPolicy({ when })] });
  return checkPolicySet(set).filter(({ code }) => code.startsWith('CONDITION_'));
}

describe('a condition that tells nothing apart', () => {
  it('is shown by the comparisons that contradict each other, and by no others', () => {
    const [finding] = findings({
      all: [label('severity', 'critical'), label('alertname', 'TooHot'), label('alertname', 'FanStopped')],
    });
    expect(finding?.message).toBe(
      'overheating: when can never hold, so no alert ever meets it: ' +
        'alert $.labels.alertname equal "TooHot"; alert $.labels.alertname equal "FanStopped"',
    );
  });

  it('is an error in an AlertPolicy when it never holds, and a warning when it always does', () => {
    const never = { all: [measured(85), { not: measured(80) }] };
    expect(findings(never)).toMatchObject([{ code: 'CONDITION_NEVER', severity: 'error' }]);
    expect(findings({ not: never })).toMatchObject([{ code: 'CONDITION_ALWAYS', severity: 'warning' }]);
  });

  it('is not claimed when there is too much to try', () => {
    const many = Array.from({ length: 17 }, (_, index) => label(`label${index}`, 'x'));
    const contradiction = { all: [...many, compares('alert', '$.labels.label0', 'equal', 'y')] };
    expect(findings(contradiction)).toEqual([]);
    expect(findings({ not: contradiction })).toEqual([]);
  });
});
