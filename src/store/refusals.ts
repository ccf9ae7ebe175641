import { StoreRefusal } from './store.js';

/** What the laws of the disk table answer, in the same words whatever the store is made of. */
export const refusal = {
  holdsPrevious({
    drive,
    server,
    previous,
  }: {
    readonly drive: string;
    readonly server: string;
    readonly previous: { readonly id: string; readonly drive: string };
  }): StoreRefusal {
    return new StoreRefusal(
      'holds-previous',
      `drive ${drive} is drive ${previous.drive}, which holds ${previous.id}, the newest snapshot of ` +
        `${server}; the next one goes to another drive`,
    );
  },
  beingWritten({
    drive,
    server,
    writing,
  }: {
    readonly drive: string;
    readonly server: string;
    readonly writing: string;
  }): StoreRefusal {
    return new StoreRefusal(
      'wrong-state',
      `snapshot ${writing} of ${server} is still being written to drive ${drive}`,
    );
  },
  besideBeingWritten({
    id,
    drive,
    writing,
  }: {
    readonly id: string;
    readonly drive: string;
    readonly writing: string;
  }): StoreRefusal {
    return new StoreRefusal(
      'wrong-state',
      `without ${id} the newest snapshot would be the one on drive ${drive}, to which ${writing} is being written`,
    );
  },
  lastRestorable({ id, server }: { readonly id: string; readonly server: string }): StoreRefusal {
    return new StoreRefusal(
      'last-restorable',
      `${id} is the last snapshot that ${server} could be restarted from; take another one first`,
    );
  },
  noDrive(name: string): StoreRefusal {
    return new StoreRefusal('no-such-row', `drive ${name} is not in the inventory`);
  },
  noSnapshotDrive({ name, role }: { readonly name: string; readonly role: string }): StoreRefusal {
    return new StoreRefusal('wrong-state', `drive ${name} is ${role}; snapshots are not written there`);
  },
  noRow(what: 'drive' | 'machine' | 'server' | 'snapshot', name: string): StoreRefusal {
    return new StoreRefusal('no-such-row', `${what} ${name} is not in the disk table`);
  },
  snapshotState(id: string, state: string, needed: readonly string[]): StoreRefusal {
    return new StoreRefusal('wrong-state', `snapshot ${id} is ${state}; needed is ${needed.join(' or ')}`);
  },
  runsElsewhere(
    server: { readonly name: string; readonly machine: string; readonly disk: string },
    { fromMachine, fromDrive }: { readonly fromMachine: string; readonly fromDrive: string },
  ): StoreRefusal {
    return new StoreRefusal(
      'wrong-state',
      `${server.name} runs on ${server.machine} from ${server.disk}, not on ${fromMachine} from ${fromDrive}`,
    );
  },
  inUse(
    {
      server,
      toMachine,
      toDrive,
    }: { readonly server: string; readonly toMachine: string; readonly toDrive: string },
    other: string,
  ): StoreRefusal {
    return new StoreRefusal(
      'wrong-state',
      `${toMachine} or ${toDrive} is in use by ${other}, ${server} cannot take it`,
    );
  },
  noEvent(id: string): StoreRefusal {
    return new StoreRefusal('no-such-row', `event ${id} was never accepted`);
  },
  eventDecided(id: string): StoreRefusal {
    return new StoreRefusal('wrong-state', `event ${id} is finally decided; it is not decided again`);
  },
  noOperation(id: string): StoreRefusal {
    return new StoreRefusal('no-such-row', `operation ${id} is not in the journal`);
  },
  operationEnded(id: string, state: string, wanted: string): StoreRefusal {
    return new StoreRefusal(
      'wrong-state',
      `operation ${id} has ended as ${state}, it cannot end as ${wanted}`,
    );
  },
  operationOver(id: string): StoreRefusal {
    return new StoreRefusal('wrong-state', `operation ${id} has ended; it takes no further step`);
  },
  stepOver({ operation, step }: StepKey, state: string): StoreRefusal {
    return new StoreRefusal(
      'wrong-state',
      `step ${step} of operation ${operation} has ended as ${state}; it does not begin again`,
    );
  },
  stepNotBegun({ operation, step }: StepKey): StoreRefusal {
    return new StoreRefusal('no-such-row', `step ${step} of operation ${operation} was never intended`);
  },
  stepConcluded({ operation, step }: StepKey, state: string): StoreRefusal {
    return new StoreRefusal(
      'wrong-state',
      `step ${step} of operation ${operation} has ended as ${state} already`,
    );
  },
  noDisk(server: string): StoreRefusal {
    return new StoreRefusal('wrong-state', `active server ${server} is declared without a disk`);
  },
};

interface StepKey {
  readonly operation: string;
  readonly step: string;
}
