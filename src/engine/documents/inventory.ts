import type { Problem } from '../problem.js';
import type { Corpus } from './corpus.js';
import type { Written } from './kinds.js';
import type { Path } from './place.js';
import { type Finding, placeOf, problemAt } from './problems.js';
import { unknownReference } from './references.js';
import type { Checked } from './structure.js';

type Spec = Written<'Inventory'>['spec'];
type Server = Spec['servers'][number];
type Drive = Spec['drives'][number];
type Inventory = Checked<'Inventory'>;

/** Whether the declared hardware can exist, and whether snapshots can go from drive to drive on it. */
export function inventoryProblems({ inventory }: Corpus): readonly Problem[] {
  if (inventory === null) return [];
  return [
    ...repeatedNames(inventory),
    ...unknownNames(inventory),
    ...repeatedSerials(inventory),
    ...each(inventory, reservedLabels),
    ...each(inventory, diskOfRole),
    ...sharedDisks(inventory),
    ...each(inventory, unreachableDisk),
    ...each(inventory, impossibleRotation),
  ];
}

type ServerCheck = (server: Server, spec: Spec) => (Omit<Finding, 'path'> & { readonly path: Path }) | null;

function each({ yaml, body }: Inventory, check: ServerCheck): readonly Problem[] {
  return body.spec.servers.flatMap((server, index) => {
    const finding = check(server, body.spec);
    return finding === null
      ? []
      : [problemAt(yaml, { ...finding, path: ['spec', 'servers', index, ...finding.path] })];
  });
}

function repeatedNames({ yaml, body }: Inventory): readonly Problem[] {
  return (['devices', 'drives', 'servers'] as const).flatMap((list) =>
    repetitions(body.spec[list].map(({ name }) => name)).map(({ value, index, first }) =>
      problemAt(yaml, {
        code: 'POLICY_DUPLICATE_NAME',
        path: ['spec', list, index, 'name'],
        message: `${value} is already declared among the ${list} at ${placeOf(yaml, ['spec', list, first, 'name'])}`,
        hint: 'rename one of them',
      }),
    ),
  );
}

function unknownNames({ yaml, body }: Inventory): readonly Problem[] {
  const devices = body.spec.devices.map(({ name }) => name);
  const drives = body.spec.drives.map(({ name }) => name);
  return [
    ...body.spec.drives.flatMap(({ device }, index) =>
      unknownReference(yaml, ['spec', 'drives', index, 'device'], {
        what: 'device',
        word: device,
        known: devices,
      }),
    ),
    ...body.spec.servers.flatMap(({ disk, reaches }, server) => [
      ...unknownReference(yaml, ['spec', 'servers', server, 'disk'], {
        what: 'drive',
        word: disk,
        known: drives,
      }),
      ...reaches.flatMap((device, index) =>
        unknownReference(yaml, ['spec', 'servers', server, 'reaches', index], {
          what: 'device',
          word: device,
          known: devices,
        }),
      ),
    ]),
  ];
}

/** Two names of one piece of hardware would let a snapshot go "to another drive" and stay where it is. */
function repeatedSerials({ yaml, body: { spec } }: Inventory): readonly Problem[] {
  return repetitions(spec.drives.map(({ serial }) => serial)).map(({ index, first }) =>
    problemAt(yaml, {
      code: 'DRIVE_SAME_DEVICE',
      path: ['spec', 'drives', index, 'serial'],
      message: `${spec.drives[index]?.name ?? ''} and ${spec.drives[first]?.name ?? ''} are the same piece of hardware`,
      hint: 'declare it once',
    }),
  );
}

const reservedLabels: ServerCheck = ({ labels = {} }) => {
  const taken = ['role', 'name'].find((label) => Object.hasOwn(labels, label));
  if (taken === undefined) return null;
  const message = `${taken} is a label of every server already, with the value of its own ${taken}`;
  return { code: 'SCHEMA_VALUE', path: ['labels', taken], at: 'key', message, hint: 'remove the label' };
};

const diskOfRole: ServerCheck = ({ name, role, disk }) => {
  if (role === 'active' && disk === undefined) {
    const message = `the active server ${name} needs the key disk`;
    return { code: 'ACTIVE_WITHOUT_DISK', path: [], message, hint: 'name the drive that it runs from' };
  }
  if (role === 'backup' && disk !== undefined) {
    const message = `the backup server ${name} has a disk`;
    const hint = 'a backup server runs from the drive that it is given; remove the key, or make it active';
    return { code: 'BACKUP_HAS_DISK', path: ['disk'], at: 'key', message, hint };
  }
  return null;
};

function sharedDisks({ yaml, body: { spec } }: Inventory): readonly Problem[] {
  return repetitions(spec.servers.map(({ disk }) => disk)).map(({ value, index, first }) =>
    problemAt(yaml, {
      code: 'DISK_SHARED',
      path: ['spec', 'servers', index, 'disk'],
      message: `${value} is already the disk of ${spec.servers[first]?.name ?? ''}`,
      hint: 'two servers that write to one drive destroy it; give each its own',
    }),
  );
}

const unreachableDisk: ServerCheck = ({ name, disk, reaches }, { drives }) => {
  const device = drives.find((drive) => drive.name === disk)?.device;
  if (device === undefined || reaches.includes(device)) return null;
  const message = `${name} has no path to ${device}, which holds its disk`;
  return { code: 'DISK_UNREACHABLE', path: ['disk'], message, hint: `add ${device} to what it reaches` };
};

/** A snapshot never goes to the drive of the previous one, so each active server needs two to choose from. */
const impossibleRotation: ServerCheck = ({ name, role, reaches }, spec) => {
  const devices = new Set(spec.devices.map((device) => device.name));
  if (role !== 'active' || !reaches.every((device) => devices.has(device))) return null;
  const disks = new Set(spec.servers.map(({ disk }) => disk));
  const usable = spec.drives.filter(
    (drive) => reaches.includes(drive.device) && drive.quarantined !== true && !disks.has(drive.name),
  );
  const distinct = new Set(usable.map(identityOf)).size;
  if (distinct >= 2) return null;
  const found = usable[0] === undefined ? 'none' : `only ${usable[0].name}`;
  return {
    code: 'DRIVE_ROTATION_IMPOSSIBLE',
    path: ['reaches'],
    at: 'key',
    message: `${name} needs two drives for its snapshots, found ${found}`,
    hint: 'disks of servers and quarantined drives do not count; declare another drive or another path',
  };
};

function identityOf({ name, serial }: Drive): string {
  return serial === undefined ? `name ${name}` : `serial ${serial}`;
}

/** Values that stand in a list before, each with the index where it stood first. */
function repetitions(
  values: readonly (string | undefined)[],
): readonly { readonly value: string; readonly index: number; readonly first: number }[] {
  return values.flatMap((value, index) => {
    const first = values.indexOf(value);
    return value === undefined || first === index ? [] : [{ value, index, first }];
  });
}
