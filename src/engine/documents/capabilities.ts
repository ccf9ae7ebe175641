import type { Capability, DriverCatalogue, Machine, Selector } from '../policy-set.js';
import type { Problem } from '../problem.js';
import { selects } from '../world.js';
import { type Corpus, NAME_PATH } from './corpus.js';
import { toMachine } from './normalise-inventory.js';
import type { Path } from './place.js';
import { placeOf, problemAt } from './problems.js';
import { type Checked, ofKind } from './structure.js';

/** Something that a policy will ask of a driver, and who asks. */
interface Need {
  readonly capability: Capability;
  readonly because: string;
}

type Policy = Checked<'AlertPolicy'> | Checked<'SchedulePolicy'> | Checked<'RestartPolicy'>;

/** Every driver can do what the policies will ask of it. Better known now than when a server is down. */
export function capabilityProblems(corpus: Corpus, drivers: DriverCatalogue): readonly Problem[] {
  const { inventory } = corpus;
  if (inventory === null) return [];
  const machines = inventory.body.spec.servers.map((server, index) => toMachine(inventory, server, index));
  const lacking = (path: Path, name: string, driver: string, needs: readonly Need[]): readonly Problem[] =>
    needs
      .filter(({ capability }) => drivers.get(driver)?.capabilities.has(capability) === false)
      .map((need) => problemAt(inventory.yaml, lack(path, name, driver, need)));

  return [
    ...machines.flatMap((machine, index) =>
      lacking(
        ['spec', 'servers', index, 'driver'],
        machine.name,
        machine.driver.name,
        machineNeeds(corpus, machine, machines),
      ),
    ),
    ...inventory.body.spec.drives.flatMap(({ name, driver }, index) =>
      lacking(['spec', 'drives', index, 'driver'], name, Object.keys(driver)[0] ?? '', [
        { capability: 'storage', because: 'a drive is connected and looked at' },
      ]),
    ),
  ];
}

function lack(path: Path, name: string, driver: string, { capability, because }: Need) {
  const code = capability === 'power' ? 'FENCE_MISSING' : 'CAPABILITY_MISSING';
  const message = `the driver ${driver} of ${name} has no ${capability}, but ${because}`;
  const hint =
    capability === 'power'
      ? 'a server is restarted only after the failed machine is proven off; use a driver that can power it off'
      : `use a driver that has ${capability}, or leave ${name} out of what the policy selects`;
  return { code, path, at: 'key', message, hint } as const;
}

function machineNeeds(corpus: Corpus, machine: Machine, machines: readonly Machine[]): readonly Need[] {
  const restarts = ofKind(corpus.documents, 'RestartPolicy');
  if (machine.role === 'active') {
    const snapshots = [
      ...ofKind(corpus.documents, 'AlertPolicy'),
      ...ofKind(corpus.documents, 'SchedulePolicy'),
    ];
    return [
      ...firstNeed('memory', snapshots, [machine], 'takes snapshots of it'),
      ...firstNeed('power', restarts, [machine], 'restarts it elsewhere when it fails'),
    ];
  }
  const active = machines.filter(({ role }) => role === 'active');
  const armed = restarts.filter(({ body }) => body.spec.standby === 'armed');
  return [
    ...firstNeed('memory', restarts, active, 'wakes snapshots on backup servers'),
    ...firstNeed(
      'power',
      restarts,
      active,
      'starts backup servers, which must be stopped when they fail in turn',
    ),
    ...firstNeed('standby', armed, active, 'has backup servers hold a snapshot ready (standby: armed)'),
  ];
}

/** The need of the first policy that selects one of the servers. */
function firstNeed(
  capability: Capability,
  policies: readonly Policy[],
  servers: readonly Machine[],
  does: string,
): readonly Need[] {
  const asking = policies.find(({ body }) => {
    const selector: Selector = body.spec.servers ?? {};
    return servers.some((server) => selects(selector, server));
  });
  if (asking === undefined) return [];
  const { kind, metadata } = asking.body;
  return [{ capability, because: `${kind} ${metadata.name} (${placeOf(asking.yaml, NAME_PATH)}) ${does}` }];
}
