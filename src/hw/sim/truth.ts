/**
 * The truth monitor: compares the rack itself, not anybody's records of it, with what must always hold.
 * A halted server on a machine that is on still counts as running: it may wake, which is why it is fenced.
 */
import { findDrive } from './edit.js';
import { guestOf } from './power.js';
import type { Guest, MachineState, RackState, Violation } from './state.js';

type Finding = Omit<Violation, 'atMs'>;

interface Running {
  readonly machine: string;
  readonly guest: Guest;
}

/** Records every violation that has newly begun. Called after everything that changed the rack. */
export function watchTruth(state: RackState, atMs: number): RackState {
  const findings = findViolations(state);
  const keys = findings.map(keyOf);
  if (keys.join('\n') === state.standing.join('\n')) return state;
  const begun = findings.filter((finding) => !state.standing.includes(keyOf(finding)));
  const violations = [...state.violations, ...begun.map((finding) => ({ atMs, ...finding }))];
  return { ...state, violations, standing: keys };
}

/** What is wrong now. */
function findViolations(state: RackState): readonly Finding[] {
  const running = state.machines.map(runningOn).filter((one) => one !== null);
  return [...twoWriters(state, running), ...unconnected(state, running), ...twoConnections(state)];
}

function keyOf({ kind, subject, machines }: Finding): string {
  return [kind, subject, ...machines].join(' ');
}

function runningOn(machine: MachineState): Running | null {
  const guest = guestOf(machine);
  return guest && { machine: machine.name, guest };
}

function mayWrite(state: RackState, { machine, guest }: Running): boolean {
  return findDrive(state, guest.drive)?.connections.includes(machine) ?? false;
}

function twoWriters(state: RackState, running: readonly Running[]): Finding[] {
  const writers = running.filter((one) => mayWrite(state, one));
  const servers = new Set(writers.map(({ guest }) => guest.server));
  return [...servers]
    .map((server) => ({
      server,
      machines: writers.filter(({ guest }) => guest.server === server).map(({ machine }) => machine),
    }))
    .filter(({ machines }) => machines.length > 1)
    .map(({ server, machines }) => ({
      kind: 'two-writers',
      subject: server,
      machines,
      text: `${server} runs on ${machines.join(' and ')}, each with write access to its disk`,
    }));
}

function unconnected(state: RackState, running: readonly Running[]): Finding[] {
  return running
    .filter((one) => one.guest.haltedAtMs === null && !mayWrite(state, one))
    .map(({ machine, guest }) => ({
      kind: 'runs-unconnected',
      subject: guest.drive,
      machines: [machine],
      text: `${guest.server} runs on ${machine} from ${guest.drive}, to which ${machine} is not connected`,
    }));
}

function twoConnections(state: RackState): Finding[] {
  return state.drives
    .filter(({ connections }) => connections.length > 1)
    .map(({ name, connections }) => ({
      kind: 'two-connections',
      subject: name,
      machines: connections,
      text: `${name} is connected for writing to ${connections.join(' and ')}`,
    }));
}
