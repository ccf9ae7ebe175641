import { describe, expect, it } from 'vitest';

import type { Inventory } from '../../src/engine/policy-set.js';
import type { Driver, DriverEntries } from '../../src/hw/contract.js';
import { openHardware, type HardwareInventory } from '../../src/hw/index.js';
import { memoryRack, simDriver } from '../../src/hw/sim/index.js';
import { createVirtualClock } from '../../src/virtual-clock.js';

const clock = createVirtualClock();
const origin = { file: 'inventory.yaml', line: 1 };

function inventory(drivers: { readonly server: string; readonly drive: string }): Inventory {
  const machine = {
    name: 'web-1',
    role: 'active' as const,
    labels: {},
    memoryBytes: 1024,
    disk: null,
    reaches: ['array-1'],
    driver: { name: drivers.server, settings: { answerMs: 7 } },
    origin,
  };
  const drive = {
    name: 'd1',
    device: 'array-1',
    labels: {},
    capacityBytes: 4096,
    serial: null,
    quarantined: false,
    driver: { name: drivers.drive, settings: {} },
  };
  return {
    name: 'rack',
    origin,
    devices: new Map([['array-1', { name: 'array-1', labels: {} }]]),
    machines: new Map([['web-1', machine]]),
    drives: new Map([['d1', drive]]),
  };
}

/** A driver that only switches power, and notes what it was opened with and whether it was closed. */
function powerDriver(): { driver: Driver; opened: DriverEntries[]; closed: () => number } {
  const opened: DriverEntries[] = [];
  let closed = 0;
  const power = simDriver({ holder: memoryRack(clock), clock });
  const driver: Driver = {
    name: 'power-only',
    capabilities: new Set(['power'] as const),
    settings: { machine: {}, drive: {} },
    open(entries) {
      opened.push(entries);
      const open = power.open({ machines: [], drives: [] });
      return {
        ...open,
        machine: () => ({}),
        drive: () => ({}),
        async close() {
          closed += 1;
        },
      };
    },
  };
  return { driver, opened, closed: () => closed };
}

const sim = simDriver({ holder: memoryRack(clock), clock });

describe('the hardware of an inventory', () => {
  it('gives each machine and drive what its driver can do', async () => {
    const hardware = openHardware(inventory({ server: 'sim', drive: 'sim' }), new Map([['sim', sim]]));
    expect(hardware.power('web-1')).toHaveProperty('off');
    expect(hardware.memory('web-1')).toHaveProperty('resume');
    expect(hardware.storage('d1')).toHaveProperty('connect');
    await hardware.close();
  });

  it('opens each driver with its own entries only', () => {
    const { driver, opened } = powerDriver();
    const drivers = new Map([
      ['sim', sim],
      ['power-only', driver],
    ]);
    openHardware(inventory({ server: 'power-only', drive: 'sim' }), drivers);
    expect(opened).toMatchObject([{ machines: [{ name: 'web-1', settings: { answerMs: 7 } }], drives: [] }]);
  });

  it('refuses what the driver cannot do', () => {
    const { driver } = powerDriver();
    const drivers = new Map([['power-only', driver]]);
    const hardware = openHardware(inventory({ server: 'power-only', drive: 'power-only' }), drivers);
    for (const ask of [() => hardware.memory('web-1'), () => hardware.storage('d1')]) {
      expect(ask).toThrow(expect.objectContaining({ code: 'unsupported' }));
    }
  });

  it.each(['power', 'memory', 'storage'] as const)(
    'has no %s for what the inventory does not name',
    (capability) => {
      const hardware = openHardware(inventory({ server: 'sim', drive: 'sim' }), new Map([['sim', sim]]));
      expect(() => hardware[capability]('nobody')).toThrow(
        expect.objectContaining({ code: 'unknown-name', subject: 'nobody' }),
      );
    },
  );

  it('does not open with a driver that does not exist, and says which there are', () => {
    const open = (): unknown =>
      openHardware(inventory({ server: 'smi', drive: 'sim' }), new Map([['sim', sim]]));
    expect(open).toThrow(expect.objectContaining({ code: 'unsupported', subject: 'web-1' }));
    expect(open).toThrow('there are sim');
  });

  it('closes what was open already when a later driver does not open', () => {
    const { driver, closed } = powerDriver();
    const drivers = new Map([['power-only', driver]]);
    expect(() => openHardware(inventory({ server: 'power-only', drive: 'nothing' }), drivers)).toThrow();
    expect(closed()).toBe(1);
  });

  it('closes every driver', async () => {
    const { driver, closed } = powerDriver();
    const drivers = new Map([['power-only', driver]]);
    await openHardware(inventory({ server: 'power-only', drive: 'power-only' }), drivers).close();
    expect(closed()).toBe(1);
  });

  it('takes the inventory of the engine as it is', () => {
    const asHardware: HardwareInventory = inventory({ server: 'sim', drive: 'sim' });
    expect(asHardware.machines.has('web-1')).toBe(true);
  });
});
