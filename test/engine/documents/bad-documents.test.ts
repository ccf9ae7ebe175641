import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { figure } from '../../support/figures.js';
import { BASE_INVENTORY, BASE_POLICIES, fixture, problemsOf, textFile } from './support.js';

/** Each document of test/fixtures/policies/bad is right but for the one thing that its name says. */
const BAD = [
  ['active-without-disk', 'ACTIVE_WITHOUT_DISK', '13:7', 'spec.servers[0]'],
  ['api-version', 'API_VERSION', '1:13', 'apiVersion'],
  ['backup-has-disk', 'BACKUP_HAS_DISK', '21:38', 'spec.servers[1].disk'],
  ['capability-missing-memory', 'CAPABILITY_MISSING', '19:7', 'spec.servers[0].driver'],
  ['capability-missing-storage', 'CAPABILITY_MISSING', '10:56', 'spec.drives[1].driver'],
  ['capability-missing-standby', 'CAPABILITY_MISSING', '20:80', 'spec.servers[1].driver'],
  ['cron-syntax-field', 'CRON_SYNTAX', '5:9', 'spec.cron'],
  ['cron-syntax-never', 'CRON_SYNTAX', '5:9', 'spec.cron'],
  ['cron-syntax-seconds', 'CRON_SYNTAX', '5:9', 'spec.cron'],
  ['disk-shared', 'DISK_SHARED', '20:42', 'spec.servers[1].disk'],
  ['disk-unreachable', 'DISK_UNREACHABLE', '18:13', 'spec.servers[0].disk'],
  ['drive-rotation-impossible-quarantined', 'DRIVE_ROTATION_IMPOSSIBLE', '18:7', 'spec.servers[0].reaches'],
  ['drive-rotation-impossible', 'DRIVE_ROTATION_IMPOSSIBLE', '18:7', 'spec.servers[0].reaches'],
  ['drive-same-device', 'DRIVE_SAME_DEVICE', '11:31', 'spec.drives[2].serial'],
  ['driver-settings-missing-key', 'DRIVER_SETTINGS', '19:17', 'spec.servers[0].driver.bmc.host'],
  ['driver-settings-unknown-key', 'DRIVER_SETTINGS', '19:40', 'spec.servers[0].driver.bmc.prot'],
  ['driver-settings-value', 'DRIVER_SETTINGS', '19:46', 'spec.servers[0].driver.bmc.port'],
  ['duration-range-tiny', 'DURATION_RANGE', '5:10', 'spec.every'],
  ['duration-range-zero', 'DURATION_RANGE', '5:10', 'spec.every'],
  ['duration-unit-number', 'DURATION_UNIT', '5:10', 'spec.every'],
  ['duration-unit-words', 'DURATION_UNIT', '5:10', 'spec.every'],
  ['fence-missing-active', 'FENCE_MISSING', '19:7', 'spec.servers[0].driver'],
  ['fence-missing-backup', 'FENCE_MISSING', '20:80', 'spec.servers[1].driver'],
  ['inventory-ambiguous', 'INVENTORY_AMBIGUOUS', '3:19', 'metadata.name'],
  ['key-forbidden-constructor', 'KEY_FORBIDDEN', '5:14', ''],
  ['key-forbidden-proto', 'KEY_FORBIDDEN', '5:14', ''],
  ['kind-unknown', 'KIND_UNKNOWN', '2:7', 'kind'],
  ['number-range-digits', 'NUMBER_RANGE', '7:69', ''],
  ['number-range-infinity', 'NUMBER_RANGE', '7:69', ''],
  ['number-range-nan', 'NUMBER_RANGE', '7:69', ''],
  ['octal-ambiguous', 'OCTAL_AMBIGUOUS', '7:69', ''],
  ['path-forbidden-filter', 'PATH_FORBIDDEN', '7:30', 'spec.when.all[0].path'],
  ['path-forbidden-parent', 'PATH_FORBIDDEN', '7:30', 'spec.when.all[0].path'],
  ['path-forbidden-poisoned', 'PATH_FORBIDDEN', '7:30', 'spec.when.all[0].path'],
  ['path-forbidden-script', 'PATH_FORBIDDEN', '7:30', 'spec.when.all[0].path'],
  ['path-forbidden-search', 'PATH_FORBIDDEN', '7:30', 'spec.when.all[0].path'],
  ['path-forbidden-type', 'PATH_FORBIDDEN', '7:30', 'spec.when.all[0].path'],
  ['path-syntax-bracket', 'PATH_SYNTAX', '7:30', 'spec.when.all[0].path'],
  ['path-syntax-no-dollar', 'PATH_SYNTAX', '7:30', 'spec.when.all[0].path'],
  ['path-unknown-in-value', 'PATH_UNKNOWN', '7:95', 'spec.require.all[0].value.path'],
  ['path-unknown-whole-map', 'PATH_UNKNOWN', '7:30', 'spec.when.all[0].path'],
  ['path-unknown', 'PATH_UNKNOWN', '7:30', 'spec.when.all[0].path'],
  ['policy-duplicate-name-drive', 'POLICY_DUPLICATE_NAME', '12:15', 'spec.drives[3].name'],
  ['policy-duplicate-name', 'POLICY_DUPLICATE_NAME', '3:19', 'metadata.name'],
  ['policy-empty-only-comments', 'POLICY_EMPTY', '1:1', ''],
  ['policy-empty', 'POLICY_EMPTY', '1:1', ''],
  ['range-min-healthy-above', 'RANGE', '8:24', 'spec.guard.minHealthy'],
  ['range-min-healthy-negative', 'RANGE', '8:24', 'spec.guard.minHealthy'],
  ['range-min-healthy-no-unit', 'RANGE', '8:24', 'spec.guard.minHealthy'],
  ['range-priority-fraction', 'RANGE', '5:13', 'spec.priority'],
  ['range-priority-word', 'RANGE', '5:13', 'spec.priority'],
  ['range-priority-zero', 'RANGE', '5:13', 'spec.priority'],
  ['range-size', 'RANGE', '16:15', 'spec.servers[0].memory'],
  ['ref-unknown-backup', 'REF_UNKNOWN', '9:36', 'spec.steps[0].expect.restart.backup'],
  ['ref-unknown-condition', 'REF_UNKNOWN', '6:20', 'spec.snapshots[0].condition'],
  ['ref-unknown-device-of-drive', 'REF_UNKNOWN', '10:31', 'spec.drives[1].device'],
  ['ref-unknown-device', 'REF_UNKNOWN', '18:35', 'spec.servers[0].reaches[2]'],
  ['ref-unknown-disk', 'REF_UNKNOWN', '17:13', 'spec.servers[0].disk'],
  ['ref-unknown-driver', 'REF_UNKNOWN', '19:17', 'spec.servers[0].driver.simm'],
  ['ref-unknown-inventory', 'REF_UNKNOWN', '5:14', 'spec.inventory'],
  ['ref-unknown-label', 'REF_UNKNOWN', '5:26', 'spec.apartFrom.previous'],
  ['ref-unknown-placement', 'REF_UNKNOWN', '9:26', 'spec.snapshot.placement'],
  ['ref-unknown-reason', 'REF_UNKNOWN', '9:25', 'spec.steps[0].expect.reason'],
  ['ref-unknown-server', 'REF_UNKNOWN', '8:26', 'spec.steps[0].failure.server'],
  ['rule-always-true-all', 'RULE_ALWAYS_TRUE', '7:9', 'spec.when.any[0].all'],
  ['rule-always-true-any', 'RULE_ALWAYS_TRUE', '6:5', 'spec.when.any'],
  ['rule-ambiguous', 'RULE_AMBIGUOUS', '6:5', 'spec.when.any'],
  ['rule-too-deep', 'RULE_TOO_DEEP', '7:67', 'spec.when.all[0].not.not.not.not.not.not.not.not.not'],
  ['rule-unknown-fact-of-another-place', 'RULE_UNKNOWN_FACT', '7:17', 'spec.when.all[0].fact'],
  ['rule-unknown-fact', 'RULE_UNKNOWN_FACT', '7:17', 'spec.when.all[0].fact'],
  ['rule-unknown-operator', 'RULE_UNKNOWN_OPERATOR', '7:49', 'spec.when.all[0].operator'],
  ['rule-value-type-contains', 'RULE_VALUE_TYPE', '7:55', 'spec.when.all[0].operator'],
  ['rule-value-type-empty-list', 'RULE_VALUE_TYPE', '7:62', 'spec.when.all[0].value'],
  ['rule-value-type-in', 'RULE_VALUE_TYPE', '7:71', 'spec.when.all[0].value'],
  ['rule-value-type-label-is-text', 'RULE_VALUE_TYPE', '7:69', 'spec.when.all[0].value'],
  ['rule-value-type-list-item', 'RULE_VALUE_TYPE', '7:74', 'spec.when.all[0].value[1]'],
  ['rule-value-type-order', 'RULE_VALUE_TYPE', '7:69', 'spec.when.all[0].value'],
  ['rule-value-type-reference', 'RULE_VALUE_TYPE', '7:56', 'spec.when.all[0].value'],
  ['scenario-order', 'SCENARIO_ORDER', '8:13', 'spec.steps[1].at'],
  ['schema-missing-key-api-version', 'SCHEMA_MISSING_KEY', '1:1', 'apiVersion'],
  ['schema-missing-key-condition', 'SCHEMA_MISSING_KEY', '4:1', 'spec.condition'],
  ['schema-missing-key-kind', 'SCHEMA_MISSING_KEY', '1:1', 'kind'],
  ['schema-missing-key-outermost-group', 'SCHEMA_MISSING_KEY', '5:3', 'spec.when'],
  ['schema-missing-key-placement', 'SCHEMA_MISSING_KEY', '4:1', 'spec.placement'],
  ['schema-missing-key-value', 'SCHEMA_MISSING_KEY', '7:9', 'spec.when.all[0].value'],
  ['schema-missing-key-within', 'SCHEMA_MISSING_KEY', '5:3', 'spec.repeated.within'],
  ['schema-type-boolean', 'SCHEMA_TYPE', '6:39', 'spec.snapshots[0].newest'],
  ['schema-type-condition', 'SCHEMA_TYPE', '7:9', 'spec.when.all[0]'],
  ['schema-type-group', 'SCHEMA_TYPE', '6:5', 'spec.when.all'],
  ['schema-type-label', 'SCHEMA_TYPE', '5:20', 'spec.servers.rack'],
  ['schema-type-list-of-documents', 'SCHEMA_TYPE', '1:1', ''],
  ['schema-unknown-key-al', 'SCHEMA_UNKNOWN_KEY', '6:5', 'spec.when.al'],
  ['schema-unknown-key-approval', 'SCHEMA_UNKNOWN_KEY', '8:12', 'spec.guard.approval'],
  ['schema-unknown-key-in-comparison', 'SCHEMA_UNKNOWN_KEY', '7:66', 'spec.when.all[0].params'],
  ['schema-unknown-key-in-placement', 'SCHEMA_UNKNOWN_KEY', '5:3', 'spec.apartForm'],
  ['schema-unknown-key-instead-of-required', 'SCHEMA_UNKNOWN_KEY', '8:3', 'spec.condtion'],
  ['schema-unknown-key', 'SCHEMA_UNKNOWN_KEY', '5:3', 'spec.prioritty'],
  ['schema-value-condition-any', 'SCHEMA_VALUE', '8:14', 'spec.condition'],
  ['schema-value-enum', 'SCHEMA_VALUE', '5:10', 'spec.cause'],
  ['schema-value-every-and-cron', 'SCHEMA_VALUE', '4:1', 'spec'],
  ['schema-value-name', 'SCHEMA_VALUE', '3:19', 'metadata.name'],
  ['schema-value-neither-every-nor-cron', 'SCHEMA_VALUE', '4:1', 'spec'],
  ['schema-value-no-rules', 'SCHEMA_VALUE', '5:3', 'spec.snapshots'],
  ['schema-value-reserved-label', 'SCHEMA_VALUE', '15:17', 'spec.servers[0].labels.role'],
  ['schema-value-two-acts', 'SCHEMA_VALUE', '7:7', 'spec.steps[0]'],
  ['schema-value-two-drivers', 'SCHEMA_VALUE', '19:7', 'spec.servers[0].driver'],
  ['secret-inline-password', 'SECRET_INLINE', '19:50', 'spec.servers[0].driver.bmc.password'],
  ['secret-inline-url', 'SECRET_INLINE', '19:30', 'spec.servers[0].driver.bmc.host'],
  ['size-unit', 'SIZE_UNIT', '16:15', 'spec.servers[0].memory'],
  ['yaml-alias-forbidden-anchor', 'YAML_ALIAS_FORBIDDEN', '8:14', ''],
  ['yaml-alias-forbidden-undefined', 'YAML_ALIAS_FORBIDDEN', '8:14', ''],
  ['yaml-directive-forbidden', 'YAML_DIRECTIVE_FORBIDDEN', '1:1', ''],
  ['yaml-duplicate-key', 'YAML_DUPLICATE_KEY', '7:3', ''],
  ['yaml-key-type-boolean', 'YAML_KEY_TYPE', '5:14', ''],
  ['yaml-key-type-complex', 'YAML_KEY_TYPE', '5:16', ''],
  ['yaml-key-type-number', 'YAML_KEY_TYPE', '5:14', ''],
  ['yaml-merge-forbidden', 'YAML_MERGE_FORBIDDEN', '11:5', ''],
  ['yaml-syntax-unclosed-list', 'YAML_SYNTAX', '9:13', ''],
  ['yaml-syntax-unclosed-quote', 'YAML_SYNTAX', '8:14', ''],
  ['yaml-tab', 'YAML_TAB', '5:1', ''],
  ['yaml-tag-forbidden-function', 'YAML_TAG_FORBIDDEN', '8:14', ''],
  ['yaml-tag-forbidden-own', 'YAML_TAG_FORBIDDEN', '8:14', ''],
] as const;

/** Documents that are wrong in many places, for one reason. */
const BAD_AS_A_WHOLE = [
  ['yaml-alias-forbidden-self', 'YAML_ALIAS_FORBIDDEN'],
  ['yaml-alias-forbidden-billion-laughs', 'YAML_ALIAS_FORBIDDEN'],
] as const;

function problemsIn(name: string) {
  const file = textFile(`${name}.yaml`, fixture(`bad/${name}.yaml`));
  const replacesInventory =
    fixture(`bad/${name}.yaml`).includes('kind: Inventory') && !name.startsWith('inventory-');
  return replacesInventory
    ? problemsOf(BASE_POLICIES, file)
    : problemsOf(BASE_POLICIES, BASE_INVENTORY, file);
}

afterAll(() => {
  figure(`bad documents, each with its code: ${BAD.length + BAD_AS_A_WHOLE.length}`);
});

describe('a bad document is reported once, by its code and at its place', () => {
  it.each(BAD)('%s', (name, code, place, path) => {
    const found = problemsIn(name).map((one) => ({
      code: one.code,
      place: `${one.file}:${one.line}:${one.column}`,
      path: one.path,
    }));
    expect(found).toEqual([{ code, place: `policies/${name}.yaml:${place}`, path }]);
  });

  it.each(BAD_AS_A_WHOLE)('%s', (name, code) => {
    const problems = problemsIn(name);
    expect(new Set(problems.map((one) => one.code))).toEqual(new Set([code]));
    expect(problems.length).toBeLessThanOrEqual(50);
  });

  it('has an expectation for every fixture, whose name begins with its code', () => {
    const files = readdirSync(new URL('../../fixtures/policies/bad/', import.meta.url));
    const expected = [...BAD, ...BAD_AS_A_WHOLE].map(([name, code]) => {
      expect(name.toUpperCase().replaceAll('-', '_')).toContain(code);
      return `${name}.yaml`;
    });
    expect(files.toSorted()).toEqual(expected.toSorted());
  });
});

describe('a problem', () => {
  it('shows the line with carets under what is wrong', () => {
    const [problem] = problemsIn('rule-unknown-operator');
    expect(problem?.excerpt).toBe(
      [
        '7 |       - { fact: alert, path: $.value, operator: eqqual, value: 1 }',
        '  |                                                 ^^^^^^',
      ].join('\n'),
    );
  });

  it.each([
    ['schema-unknown-key', 'did you mean priority?'],
    ['rule-unknown-operator', 'did you mean equal?'],
    ['rule-unknown-fact', 'did you mean alert?'],
    ['path-unknown', 'did you mean labels?'],
    ['kind-unknown', 'did you mean AlertPolicy?'],
    ['schema-value-enum', 'did you mean hardware?'],
    ['ref-unknown-placement', 'did you mean spread?'],
    ['ref-unknown-device', 'did you mean array-2?'],
    ['ref-unknown-driver', 'did you mean sim?'],
    ['ref-unknown-reason', 'did you mean no-drive?'],
    ['schema-missing-key-condition', 'for example condition: overheating'],
    ['schema-type-label', 'write "7"'],
    ['duration-unit-number', 'add the unit: 5s, 5m, 5h'],
  ])('says what to do about %s', (name, hint) => {
    expect(problemsIn(name).map((one) => one.hint)).toEqual([hint]);
  });

  it('names the facts that there are when a fact is unknown', () => {
    expect(problemsIn('rule-unknown-fact')[0]?.message).toContain('alert or server');
  });

  it('names both places of a repeated name', () => {
    expect(problemsIn('policy-duplicate-name')[0]?.message).toContain('policies/0-base/policies.yaml:8');
  });

  it('names both lines of a repeated key', () => {
    const [problem] = problemsIn('yaml-duplicate-key');
    expect(problem?.line).toBe(7);
    expect(problem?.message).toContain('first on line 5');
  });

  it.each(['secret-inline-password', 'secret-inline-url'])('never repeats the secret of %s', (name) => {
    expect(JSON.stringify(problemsIn(name))).not.toContain('hunter2');
  });
});
