import type { Command } from 'commander';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RackCommand, RackControl } from '../hw/sim/index.js';
import { examples, formatOption, type AddCommand, type Cli, type Format } from './command.js';
import { CliError, EXIT, type ExitCode } from './exit.js';
import { rackText } from './print/rack.js';
import { table } from './print/table.js';
import { jsonLine, safe } from './print/text.js';
import type { Terminal } from './terminal.js';

interface RackOptions {
  readonly stateDir: string;
  readonly format: Format;
}

/** A command that does one thing to the rack. */
interface Deed {
  readonly words: string;
  readonly summary: string;
  /** Throws a CliError for words that make no sense. */
  readonly order: (...words: readonly string[]) => Promise<RackCommand> | RackCommand;
}

const DEEDS: readonly Deed[] = [
  {
    words: 'power-cut <machine>',
    summary: 'pull the plug: the machine is off and cannot be started',
    order: (machine = '') => ({ kind: 'power-cut', machine }),
  },
  {
    words: 'power-restore <machine>',
    summary: 'the power is back; the machine comes on and boots what it ran last',
    order: (machine = '') => ({ kind: 'power-restore', machine, start: true }),
  },
  {
    words: 'panic <machine>',
    summary: 'what runs on the machine stands still; the machine stays on',
    order: (machine = '') => ({ kind: 'panic', machine }),
  },
  {
    words: 'fail-drive <drive>',
    summary: 'the drive fails',
    order: (drive = '') => ({ kind: 'set-health', drive, health: 'failed' }),
  },
  {
    words: 'degrade-drive <drive>',
    summary: 'the drive reports that it is degraded',
    order: (drive = '') => ({ kind: 'set-health', drive, health: 'degraded' }),
  },
  {
    words: 'mend-drive <drive>',
    summary: 'the drive is well again',
    order: (drive = '') => ({ kind: 'set-health', drive, health: 'ok' }),
  },
  {
    words: 'fill-drive <drive> <free>',
    summary: 'leave only so much free on the drive, such as 1Gi',
    order: async (drive = '', free = '') => ({ kind: 'fill-drive', drive, freeBytes: await sizeOf(free) }),
  },
  {
    words: 'cut-path <machine> <device>',
    summary: 'the machine no longer reaches the device',
    order: (machine = '', device = '') => ({ kind: 'cut-path', machine, device }),
  },
  {
    words: 'restore-path <machine> <device>',
    summary: 'the machine reaches the device again',
    order: (machine = '', device = '') => ({ kind: 'restore-path', machine, device }),
  },
  {
    words: 'damage-snapshot <drive> <snapshot>',
    summary: 'flip a bit of a snapshot',
    order: (drive = '', snapshot = '') => ({ kind: 'damage-snapshot', drive, snapshot }),
  },
  {
    words: 'fault <target> <fault>',
    summary: 'let a machine or drive misbehave; `rack faults` lists how',
    order: (target = '', fault = '') => misbehaviour(target, fault),
  },
  {
    words: 'clear <target>',
    summary: 'a machine or drive misbehaves no longer',
    order: (target = '') => ({ kind: 'clear-faults', target }),
  },
];

const ABOUT =
  'Shows the simulated rack of a service, and reaches into it. Only for the simulator: real hardware has its own plugs.';

export const rack: AddCommand = (program, cli) => {
  const command = program
    .command('rack')
    .summary('look at the simulated rack, pull a plug and watch (simulator only)')
    .description(ABOUT)
    .option('--state-dir <dir>', 'the --state-dir of the service', 'rekindle-data')
    .addOption(formatOption())
    // So that a mistyped deed is answered with the one that was meant.
    .allowExcessArguments()
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      'after',
      examples(
        ['rekindle rack', 'machines, what runs on them, and drives'],
        ['rekindle rack power-cut web-1', 'then look at: rekindle status'],
      ) + '\n\nExit codes: 0 done, 1 no such rack, machine or drive, 2 wrong usage.',
    )
    .action(
      cli.handle(async (options: RackOptions, self: Command) => {
        await refuseUnknown(self.args[0]);
        return show(cli.terminal, options);
      }),
    );
  for (const deed of DEEDS) addDeed(command, deed, cli);
  addFaults(command, cli);
};

function addDeed(parent: Command, { words, summary, order }: Deed, cli: Cli): void {
  const [name = ''] = words.split(' ');
  const command = parent
    .command(words)
    .summary(summary)
    .description(`${sentence(summary)} (simulator only).`);
  command.action(
    cli.handle(async (...given: readonly unknown[]): Promise<ExitCode> => {
      const { terminal } = cli;
      const said = given.filter((word): word is string => typeof word === 'string');
      const options = command.optsWithGlobals<RackOptions>();
      const control = await openRack(terminal, options.stateDir);
      await applied(control, await order(...said));
      if (options.format === 'json') terminal.out.write(jsonLine({ done: name, arguments: said }));
      else terminal.out.write(`done: ${name} ${said.map(safe).join(' ')}\n`);
      return EXIT.ok;
    }),
  );
}

function addFaults(parent: Command, { terminal, handle }: Cli): void {
  const command = parent
    .command('faults')
    .summary('list the ways to misbehave')
    .description(
      'Lists the faults that can be set: `name`, `name=value`, and `*n` behind it for the next n times only.',
    );
  command.action(
    handle(async (): Promise<ExitCode> => {
      const { FAULTS, FAULT_NAMES } = await import('../hw/sim/index.js');
      const faults = FAULT_NAMES.map((name) => ({ name, ...FAULTS[name] }));
      if (command.optsWithGlobals<RackOptions>().format === 'json') terminal.out.write(jsonLine({ faults }));
      else {
        const rows = faults.map(({ name, on, text }) => [name, on === 'both' ? 'machine, drive' : on, text]);
        terminal.out.write(table(rows));
      }
      return EXIT.ok;
    }),
  );
}

async function show(terminal: Terminal, { stateDir, format }: RackOptions): Promise<ExitCode> {
  const state = await (await openRack(terminal, stateDir)).state();
  terminal.out.write(
    format === 'json' ? jsonLine(state) : rackText(state, terminal.clock.now(), terminal.out.paint),
  );
  return EXIT.ok;
}

/** @throws {CliError} when there is no rack: looking at it must not make one. */
async function openRack(terminal: Terminal, stateDir: string): Promise<RackControl> {
  const { rackFile } = await import('../hw/drivers.js');
  const file = rackFile(resolve(terminal.cwd, stateDir));
  if (!existsSync(file)) {
    throw new CliError(
      EXIT.failed,
      `${safe(stateDir)} holds no simulated rack`,
      'give the --state-dir of a service that has run with drivers of kind sim; `rekindle run` uses rekindle-data',
    );
  }
  const { createRackControl, fileRack } = await import('../hw/sim/index.js');
  return createRackControl(fileRack({ file, clock: terminal.clock }));
}

async function applied(control: RackControl, order: RackCommand): Promise<void> {
  const { HardwareError } = await import('../hw/contract.js');
  try {
    await control.apply(order);
  } catch (error) {
    if (!(error instanceof HardwareError)) throw error;
    throw new CliError(EXIT.failed, safe(error.message), '`rekindle rack` shows what there is', {
      cause: error,
    });
  }
}

async function sizeOf(text: string): Promise<number> {
  const { parseSize } = await import('../engine/documents/quantities.js');
  const bytes = parseSize(text);
  if (bytes === null)
    throw new CliError(EXIT.usage, `"${safe(text)}" is no size`, 'expected is something like 1Gi or 500Mi');
  return bytes;
}

async function misbehaviour(target: string, text: string): Promise<RackCommand> {
  const { misbehave, FAULT_NAMES } = await import('../hw/sim/index.js');
  const found = misbehave(target, text);
  if (found.ok) return found.command;
  const { nearest } = await import('../engine/documents/nearest.js');
  const meant = nearest(text, FAULT_NAMES);
  throw new CliError(
    EXIT.usage,
    `there is no fault "${safe(text)}"`,
    meant === null ? '`rekindle rack faults` lists them' : `did you mean ${meant}?`,
  );
}

async function refuseUnknown(word: string | undefined): Promise<void> {
  if (word === undefined) return;
  const { suggest } = await import('../engine/documents/nearest.js');
  const names = [...DEEDS.map(({ words }) => words.split(' ')[0] ?? ''), 'faults'];
  throw new CliError(EXIT.usage, `the rack knows no "${safe(word)}"`, suggest(word, names));
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
