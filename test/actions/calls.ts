import type { Hardware } from '../../src/hw/index.js';

/** One call to the hardware, which may be made, or not, or more than once. */
export type Call = () => Promise<unknown>;

/** The hardware with every single call to it handed to `answer`, with the machine or drive that it is made to. */
export function intercepted(
  hardware: Hardware,
  answer: (call: Call, subject: string) => Promise<unknown>,
): Hardware {
  const guarded = <C extends object>(capability: C, subject: string): C =>
    new Proxy(capability, {
      get(target, key) {
        const method: unknown = Reflect.get(target, key);
        if (typeof method !== 'function') return method;
        return (...args: unknown[]): unknown =>
          answer(() => Promise.resolve(Reflect.apply(method, target, args)), subject);
      },
    });
  return {
    power: (machine) => guarded(hardware.power(machine), machine),
    memory: (machine) => guarded(hardware.memory(machine), machine),
    storage: (drive) => guarded(hardware.storage(drive), drive),
    standby(machine) {
      const standby = hardware.standby(machine);
      return standby && guarded(standby, machine);
    },
    watch: (tell) => hardware.watch(tell),
    close: () => hardware.close(),
  };
}
