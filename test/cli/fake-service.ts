import { onTestFinished } from 'vitest';
import { decide } from '../../src/engine/decide.js';
import type { Decision } from '../../src/engine/decision.js';
import type { EngineEvent } from '../../src/engine/event.js';
import { loadPolicySet } from '../../src/engine/load.js';
import type { PolicySet } from '../../src/engine/policy-set.js';
import type { View } from '../../src/engine/view.js';
import { initialView } from '../../src/engine/world.js';
import { readPolicyFiles } from '../../src/files.js';
import { DRIVER_CATALOGUE } from '../../src/hw/drivers.js';
import { accessByToken } from '../../src/server/access/access.js';
import type { Operation, StepRecord } from '../../src/store/store.js';
import {
  fakeAdministration,
  serve,
  type FakeAdministration,
  type Known,
} from '../server/fake-administration.js';
import { FIXTURES } from './harness.js';

/** The HTTP side of the service, in front of an administration server that only remembers. */
export interface FakeService {
  readonly url: string;
  readonly administration: FakeAdministration;
}

/** Listens until the test has finished. */
export async function startFake(known: Partial<Known> = {}, token?: string): Promise<FakeService> {
  const administration = fakeAdministration(known);
  const server = serve(administration, token === undefined ? {} : { access: () => accessByToken(token) });
  const { url } = await server.listen();
  onTestFinished(() => server.close());
  return { url, administration };
}

let policies: Promise<PolicySet> | null = null;

/** The policies in `test/fixtures/cli/policies`. */
export function fixturePolicies(): Promise<PolicySet> {
  policies ??= loadFixturePolicies();
  return policies;
}

async function loadFixturePolicies(): Promise<PolicySet> {
  const { files } = await readPolicyFiles(['policies'], FIXTURES);
  const loaded = loadPolicySet(files, DRIVER_CATALOGUE);
  if (!loaded.ok) throw new Error('the fixtures do not load');
  return loaded.policySet;
}

/** What the engine decides about an event by the fixture policies. */
export async function decided(
  event: EngineEvent,
  change: (view: View) => View = (view) => view,
): Promise<Decision> {
  const policySet = await fixturePolicies();
  return decide(policySet, event, change(initialView(policySet.inventory)));
}

/** An operation that executes a decision; it has ended when `end` says how. */
export function operationOf(
  decision: Decision,
  kind: Operation['kind'],
  end: { readonly state: 'done' | 'blocked'; readonly reason: string | null } | null,
): Operation {
  return {
    id: `op-${decision.id.slice(2)}`,
    kind,
    server: decision.event.server,
    decision,
    state: end?.state ?? 'running',
    createdAt: '2026-01-31T12:00:00.000Z',
    endedAt: end === null ? null : '2026-01-31T12:00:02.500Z',
    reason: end?.reason ?? null,
    result: null,
  };
}

/** A step that ended well, or with the failure given. */
export function ended(step: string, second: number, error: StepRecord['error'] = null): StepRecord {
  return {
    step,
    state: error === null ? 'done' : 'failed',
    startedAt: `2026-01-31T12:00:0${second}.000Z`,
    endedAt: `2026-01-31T12:00:0${second}.500Z`,
    result: null,
    error,
  };
}

/** A step that has begun and not ended. */
export function underWay(step: string, second: number): StepRecord {
  return { ...ended(step, second), state: 'intended', endedAt: null };
}
