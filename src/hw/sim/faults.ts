/** Scripted misbehaviour: named faults, set on a machine or a drive of the simulated rack. */

export interface FaultDescription {
  /** What it can be set on. */
  readonly on: 'machine' | 'drive' | 'both';
  /** What the number behind `=` means; null when the fault takes none. */
  readonly value: { readonly unit: 'ms' | 'times' | 'percent'; readonly default: number } | null;
  /** One line. */
  readonly text: string;
}

/** Every fault there is. */
export const FAULTS = {
  'off-ignored': fault('machine', 'Power off is accepted and the machine stays on.'),
  'off-refused': fault('machine', 'Power off is refused.'),
  'off-unanswered': fault('machine', 'Power off is not answered and the machine stays on.'),
  'off-done-unanswered': fault('machine', 'Power off is not answered and the machine goes off.'),
  'off-late': fault('machine', 'Power off is accepted at once and happens much later.', {
    unit: 'ms',
    default: 2_000,
  }),
  'state-unclear': fault('machine', 'The power state reads as neither on nor off.'),
  'state-unanswered': fault('machine', 'The power state cannot be read: no answer.'),
  'comes-back': fault('machine', 'Powers itself on again some time after it went off.', {
    unit: 'ms',
    default: 2_000,
  }),
  'start-fails': fault('machine', 'A boot or resume fails and leaves the machine off.'),
  'no-heartbeat': fault('machine', 'What is started never gives a sign of life.'),
  'dies-after-start': fault('machine', 'What is started dies soon after.', { unit: 'ms', default: 200 }),
  'snapshot-fails': fault('both', 'A snapshot breaks off when so much of it is written.', {
    unit: 'percent',
    default: 50,
  }),
  'snapshot-stalls': fault('both', 'A snapshot stops moving half way and never ends.'),
  'snapshot-damaged': fault('both', 'A snapshot reads as complete; one bit of its memory is wrong.'),
  'snapshot-truncated': fault('both', 'A snapshot reads as complete; the end of its memory is missing.'),
  'drive-full': fault(
    'drive',
    'Runs out of space when so much of a snapshot is written, whatever its status says.',
    { unit: 'percent', default: 50 },
  ),
  'drive-fails': fault('drive', 'Fails when so much of a snapshot is written, and stays failed.', {
    unit: 'percent',
    default: 50,
  }),
  'connect-refused': fault('drive', 'Connecting a machine is refused.'),
  'disconnect-refused': fault('drive', 'Disconnecting a machine is refused.'),
  unanswered: fault('both', 'Nothing is answered and nothing happens.'),
  'reply-lost': fault('both', 'What is ordered happens, and the answer is lost.'),
  slow: fault('both', 'Everything takes several times as long.', { unit: 'times', default: 10 }),
} as const satisfies Record<string, FaultDescription>;

export type FaultName = keyof typeof FAULTS;

/** A fault that is set. */
export interface Fault {
  readonly name: FaultName;
  /** Milliseconds or a factor, as its description says; 0 when it takes none. */
  readonly value: number;
  /** How many more times it happens; null: until it is cleared. */
  readonly remaining: number | null;
}

function fault(
  on: FaultDescription['on'],
  text: string,
  value: FaultDescription['value'] = null,
): FaultDescription {
  return { on, text, value };
}

/** All names, in the order of {@link FAULTS}. */
export const FAULT_NAMES: readonly FaultName[] = Object.keys(FAULTS).filter(isFaultName);

function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name);
}

export type ParsedFault =
  { readonly ok: true; readonly fault: Fault } | { readonly ok: false; readonly message: string };

/**
 * Reads a fault as people write it: `name`, `name=value`, and `*n` behind it for the next n times only:
 * `slow=4`, `off-refused*2`, `comes-back=1500*1`.
 */
export function parseFault(text: string): ParsedFault {
  const match = /^([a-z-]+)(?:=(\d{1,9}))?(?:\*(\d{1,6}))?$/.exec(text.trim());
  const [, name, value, times] = match ?? [];
  if (name === undefined || !isFaultName(name)) {
    return { ok: false, message: `no fault "${text}"; there are ${FAULT_NAMES.join(', ')}` };
  }
  const takes = FAULTS[name].value;
  if (value !== undefined && takes === null)
    return { ok: false, message: `the fault ${name} takes no value` };
  if (takes?.unit === 'percent' && Number(value) > 100)
    return {
      ok: false,
      message: `the fault ${name} takes a value from 0 to 100, the percentage that is written`,
    };
  if (times === '0') return { ok: false, message: `the fault ${name} cannot happen 0 times` };
  return {
    ok: true,
    fault: {
      name,
      value: value === undefined ? (takes?.default ?? 0) : Number(value),
      remaining: times === undefined ? null : Number(times),
    },
  };
}

/** Can this fault be set on a machine, on a drive? */
export function fits(name: FaultName, target: 'machine' | 'drive'): boolean {
  const { on } = FAULTS[name];
  return on === 'both' || on === target;
}

/** Sets a fault; one of the same name is replaced. */
export function withFault(faults: readonly Fault[], added: Fault): readonly Fault[] {
  return [...faults.filter(({ name }) => name !== added.name), added];
}

/** Lets a fault happen once, if it is set: the fault, and what is set from now on. */
export function takeFault(
  faults: readonly Fault[],
  name: FaultName,
): { readonly fault: Fault | null; readonly faults: readonly Fault[] } {
  const found = faults.find((candidate) => candidate.name === name);
  if (found === undefined) return { fault: null, faults };
  if (found.remaining === null) return { fault: found, faults };
  const others = faults.filter((candidate) => candidate !== found);
  const left = found.remaining - 1;
  return { fault: found, faults: left > 0 ? [...others, { ...found, remaining: left }] : others };
}
