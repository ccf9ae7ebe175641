/**
 * The drive helper: a process that does what touches drives, so that a drive which hangs holds up threads of this
 * process and never the service. It ends with the service that started it.
 */
import { driveOperations } from './operations.js';
import { isRequest, type HelperRequest, type HelperReply } from './protocol.js';
import { troubleOf } from './trouble.js';

process.on('message', (message: unknown) => {
  if (isRequest(message)) void serve(message);
});
process.on('disconnect', leave);
// The service may have gone while this process was starting, before there was anybody to hear of it.
if (!process.connected) leave();

function leave(): void {
  // Threads that hang on a drive must not keep it alive.
  process.kill(process.pid, 'SIGKILL');
}

async function serve(request: HelperRequest): Promise<void> {
  const { id } = request;
  try {
    reply({ id, ok: true, value: await run(request) });
  } catch (error) {
    reply({ id, ok: false, ...troubleOf(error) });
  }
}

function run({ operation, args }: HelperRequest): Promise<unknown> {
  // Both ends are built from one table of operations, so the arguments are those of the operation.
  const perform = driveOperations[operation] as (args: unknown) => Promise<unknown>;
  return perform(args);
}

function reply(message: HelperReply): void {
  process.send?.(message);
}
