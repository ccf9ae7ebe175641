import type { AddCommand } from './command.js';
import { EXIT, type ExitCode } from './exit.js';
import type { Terminal } from './terminal.js';

const STEPS: readonly string[] = [
  '1 receive an alert',
  '2 decide what it means',
  '3 order a snapshot',
  '4 on another drive',
  '5 record it',
  '6 extract the drives',
  '7 select one',
  '8 start the backup',
];

export const demo: AddCommand = (program, cli) => {
  program
    .command('demo')
    .description('watch all eight steps of the method happen, on a simulated rack')
    .action(cli.handle(() => play(cli.terminal)));
};

async function play({ out, clock }: Terminal): Promise<ExitCode> {
  const { setStage } = await import('./demo/stage.js');
  const { overheating, leaking } = await import('./demo/stories.js');
  const began = clock.monotonic();
  const say = (text: string): void => {
    out.write(`${text}\n`);
  };
  let watched = '';
  const stage = await setStage(({ methodStep, server, msg }) => {
    if (server !== watched) return;
    say(`  ${out.paint.cyan(`[${STEPS[methodStep - 1] ?? methodStep}]`.padEnd(26))} ${msg}`);
  });
  try {
    say(`The administration server runs at ${stage.url} by the policies in ${out.paint.bold('policies/')}.`);
    say('The rack is simulated; the service, its store and every decision are real.');
    for (const [index, story] of [overheating, leaking].entries()) {
      watched = story.server;
      say(`\n${out.paint.bold(`Story ${index + 1}: ${story.title}`)}\n${story.opening}\n`);
      await story.play(stage, say);
    }
    const { violations } = await stage.rack.state();
    for (const { text } of violations) say(out.paint.red(`  violation: ${text}`));
    say(
      `\nDone in ${((clock.monotonic() - began) / 1000).toFixed(1)} s. Next: edit a file in policies/ and run it yourself:`,
    );
    say('  npx rekindle run          and, in another terminal, npx rekindle status');
    return violations.length === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    await stage.strike();
  }
}
