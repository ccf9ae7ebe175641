import { describe, expect, it } from 'vitest';
import { golden, rekindle } from './harness.js';

describe('rekindle validate', () => {
  it('counts what it has checked when nothing is wrong', async () => {
    const { code, out, err } = await rekindle(['validate', 'policies']);
    await expect(out).toMatchFileSnapshot(golden('validate-clean.txt'));
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });

  it('shows every problem with its place, its line and what to do', async () => {
    const { code, out, err } = await rekindle(['validate', 'broken']);
    await expect(out).toMatchFileSnapshot(golden('validate-broken.txt'));
    expect({ code, err }).toEqual({ code: 1, err: '' });
  });

  it('prints the contracted names as JSON', async () => {
    const { code, out } = await rekindle(['validate', 'broken', '--format', 'json']);
    const { problems } = JSON.parse(out) as { problems: object[] };
    expect(code).toBe(1);
    expect(problems).toHaveLength(2);
    expect(problems[1]).toEqual({
      code: 'SCHEMA_UNKNOWN_KEY',
      file: 'broken/alert.yaml',
      line: 8,
      column: 3,
      path: 'spec.condtion',
      message: 'unknown key condtion in spec',
      hint: 'did you mean condition?',
    });
  });

  it('prints an empty list as JSON when nothing is wrong', async () => {
    const { code, out } = await rekindle(['validate', 'policies', '--format', 'json']);
    expect({ code, out }).toEqual({ code: 0, out: '{"problems":[]}\n' });
  });

  it('takes the folder policies when no path is given', async () => {
    const { code, out } = await rekindle(['validate']);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('Inventory bench') as unknown });
  });

  it('takes an inventory from elsewhere', async () => {
    const apart = await rekindle(['validate', 'policies/policies.yaml']);
    const together = await rekindle([
      'validate',
      'policies/policies.yaml',
      '--inventory',
      'policies/inventory.yaml',
    ]);
    expect([apart.code, together.code]).toEqual([1, 0]);
  });

  it('reports a path that does not exist', async () => {
    const { code, out } = await rekindle(['validate', 'nowhere']);
    expect(code).toBe(1);
    expect(out).toContain('nowhere:1:1  POLICY_DIR');
  });

  it('colours only when the terminal shows colours', async () => {
    const plain = await rekindle(['validate', 'broken']);
    const coloured = await rekindle(['validate', 'broken'], { colours: true });
    expect(plain.out).not.toContain('\u001b[');
    expect(coloured.out).toContain('\u001b[31mSCHEMA_UNKNOWN_KEY');
  });
});
