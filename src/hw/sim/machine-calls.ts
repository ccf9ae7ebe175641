/** What a machine does when its driver asks: power off, and read back. */
import {
  answer,
  failure,
  machineCall,
  noAnswer,
  refuse,
  slowness,
  strikeMachine,
  type Reply,
  type Transition,
} from './call.js';
import { findMachine, withMachine } from './edit.js';
import { guestOf, lastHeartbeat } from './power.js';
import type { RackState } from './state.js';

export function powerOff(name: string, operation: string): Transition<Reply<null>> {
  return machineCall(name, 'order', (state, machine, nowMs) => {
    const { answerMs, timeoutMs, offMs } = machine.settings;
    const refused = strikeMachine(state, name, 'off-refused');
    if (refused.fault) {
      return refuse(refused.state, answerMs, failure('refused', name, `${name} refuses to power off`));
    }
    const unanswered = strikeMachine(state, name, 'off-unanswered');
    if (unanswered.fault) return refuse(unanswered.state, timeoutMs, noAnswer(name, timeoutMs));
    const ignored = strikeMachine(state, name, 'off-ignored');
    if (ignored.fault) return answer(ignored.state, answerMs, null);
    const done = strikeMachine(state, name, 'off-done-unanswered');
    const late = strikeMachine(done.state, name, 'off-late');
    const atMs = nowMs + (late.fault?.value ?? offMs * slowness(machine));
    const ordered = orderOff(late.state, name, atMs, operation);
    return done.fault
      ? refuse(ordered, timeoutMs, noAnswer(name, timeoutMs))
      : answer(ordered, answerMs, null);
  });
}

/** An order that is under way already stays as it is. */
function orderOff(state: RackState, name: string, atMs: number, operation: string): RackState {
  const machine = findMachine(state, name);
  if (machine?.power.is !== 'on' || machine.power.turnsOff) return state;
  return withMachine(state, { ...machine, power: { ...machine.power, turnsOff: { atMs, operation } } });
}

export function powerState(name: string): Transition<Reply<'on' | 'off'>> {
  return machineCall(name, 'read', (state, machine) => {
    const { answerMs, timeoutMs } = machine.settings;
    const unanswered = strikeMachine(state, name, 'state-unanswered');
    if (unanswered.fault) return refuse(unanswered.state, timeoutMs, noAnswer(name, timeoutMs));
    const unclear = strikeMachine(state, name, 'state-unclear');
    if (unclear.fault) {
      const text = `${name} answers "transitioning", which is neither on nor off`;
      return refuse(unclear.state, answerMs, failure('unclear', name, text));
    }
    return answer(state, answerMs, machine.power.is);
  });
}

export interface GuestReading {
  readonly server: string;
  readonly heartbeatAt: number | null;
}

export function readGuest(name: string): Transition<Reply<GuestReading | null>> {
  return machineCall(name, 'read', (state, machine, nowMs) => {
    const guest = guestOf(machine);
    const reading = guest && { server: guest.server, heartbeatAt: lastHeartbeat(machine, guest, nowMs) };
    return answer(state, machine.settings.answerMs, reading);
  });
}
