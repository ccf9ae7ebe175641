import { describe, expect, it } from 'vitest';
import { createLanes, type Busy } from '../../src/control/lanes.js';

const busy: Busy = { operation: 'op-1', kind: 'restart-server', abort: () => undefined };

describe('the lanes of servers', () => {
  it('let one operation at a time into each', () => {
    const lanes = createLanes();
    lanes.occupy('web-1', busy);
    expect(lanes.isFree('web-1')).toBe(false);
    expect(lanes.isFree('web-2')).toBe(true);
    lanes.free('web-1');
    expect(lanes.isFree('web-1')).toBe(true);
  });

  it('are found by the name of the machine that runs the server, after a takeover too', () => {
    const lanes = createLanes();
    lanes.follow([{ name: 'web-1', machine: 'spare-1' }]);
    lanes.occupy('web-1', busy);
    expect(lanes.isFree('spare-1')).toBe(false);
    expect(lanes.busy('spare-1')).toBe(busy);
  });

  it('take a name that is a server for that server, though a machine has it too', () => {
    const lanes = createLanes();
    lanes.follow([
      { name: 'web-1', machine: 'web-2' },
      { name: 'web-2', machine: 'spare-1' },
    ]);
    lanes.occupy('web-1', busy);
    expect(lanes.isFree('web-2')).toBe(true);
  });
});
