/**
 * Stands for the death of the process in tests that run in one process. Nothing catches it: the action is dead
 * at once, with nothing undone and nothing concluded, as after `kill -9`.
 */
export class SimulatedCrash extends Error {
  constructor(where: string) {
    super(`the process died ${where}`);
    this.name = 'SimulatedCrash';
  }
}

/**
 * What an error says, for code that goes on whatever was thrown.
 * @throws {SimulatedCrash} when it was one.
 */
export function messageUnlessCrash(error: unknown): string {
  if (error instanceof SimulatedCrash) throw error;
  return error instanceof Error ? error.message : String(error);
}
