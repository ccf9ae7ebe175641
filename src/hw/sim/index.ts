/** The simulated rack: a driver, two ways to keep the rack, and a hand to reach into it from outside. */
export { createRackControl, type RackControl } from './control.js';
export { misbehave, type RackCommand } from './commands.js';
export { SIM_DRIVER, simDriver } from './driver.js';
export { FAULTS, FAULT_NAMES, parseFault, type FaultName } from './faults.js';
export { fileRack } from './file-rack.js';
export { memoryRack } from './memory-rack.js';
export type { RackHolder } from './rack.js';
export type { LogEntry, RackState } from './state.js';
