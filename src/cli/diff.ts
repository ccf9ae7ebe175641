import type { LoadResult } from '../engine/load.js';
import { examples, formatOption, inventoryOption, type AddCommand, type Format } from './command.js';
import type { RecordedEvents } from './events/recording.js';
import { EXIT, type ExitCode } from './exit.js';
import { DEFAULT_POLICIES } from './paths.js';
import { diffFindings } from './print/diff-findings.js';
import { diffMarkdown } from './print/diff-markdown.js';
import { diffJson, diffText, type DiffReport } from './print/diff.js';
import { findingOfProblem } from './print/finding.js';
import { findingsText } from './print/findings.js';
import { printProblems, problemJson } from './print/problems.js';
import { jsonLine, safe } from './print/text.js';
import { inputName, openInput } from './read-file.js';
import type { Terminal } from './terminal.js';

const DIFF_FORMATS = ['markdown', 'github'] as const;
type DiffFormat = Format | (typeof DIFF_FORMATS)[number];

interface DiffOptions {
  readonly events?: string;
  readonly policies?: string;
  readonly inventory?: string;
  readonly format: DiffFormat;
  readonly exitCode?: boolean;
}

const ABOUT = `
BASE and HEAD are folders with policies, or git revisions: main is the folder policies/ of the branch main,
main:etc/rekindle another folder of it, from the root of the repository. Where both could be meant, it is the folder.

The events are decided one after the other as if all that is ordered succeeded at the first choice, on each side in
a world of its own. After a change the two worlds differ, so a later change can follow from it: it is marked when
HEAD, given the state that BASE has come to, decides as BASE does. Times of schedules are not compared.`;

export const diff: AddCommand = (program, cli) => {
  program
    .command('diff')
    .summary('decisions that change between two policy sets')
    .description(
      'Decides recorded events and every single failure under both policy sets and tells what changes. Names, files and wording are no change.',
    )
    .argument('<base>', 'the policies before: a folder or a git revision')
    .argument('<head>', 'the policies after: a folder or a git revision')
    .option(
      '--events <file>',
      'recorded events: what `rekindle history --export` wrote, or events as `rekindle eval` takes them; - is standard input',
    )
    .option('--policies <dir>', `the folder in a plain revision (default: ${DEFAULT_POLICIES}/)`)
    .addOption(inventoryOption())
    .option('--exit-code', 'exit 1 when a decision changes')
    .addOption(formatOption(...DIFF_FORMATS))
    .addHelpText(
      'after',
      `${ABOUT}\n` +
        examples(
          ['rekindle diff main policies --events history.ndjson', 'what my change does'],
          ['rekindle diff main HEAD --format markdown', 'for a comment on a pull request'],
        ) +
        '\n\nExit codes: 0 compared, 1 some change with --exit-code or the policies have problems, 2 wrong usage.',
    )
    .action(
      cli.handle((base: string, head: string, options: DiffOptions) =>
        compare(cli.terminal, { base, head }, options),
      ),
    );
};

interface Names {
  readonly base: string;
  readonly head: string;
}

async function compare(terminal: Terminal, names: Names, options: DiffOptions): Promise<ExitCode> {
  const { loadSide } = await import('./sides.js');
  const base = await loadSide(terminal, names.base, options);
  const head = await loadSide(terminal, names.head, options);
  if (!base.ok || !head.ok) {
    printRefused(terminal, options.format, [
      { side: 'base', name: names.base, loaded: base },
      { side: 'head', name: names.head, loaded: head },
    ]);
    return EXIT.failed;
  }
  const recording = await record(terminal, options.events);
  const { diffPolicySets } = await import('../diff/index.js');
  const changed = await diffPolicySets(base.policySet, head.policySet, recording);
  const times = recording.events.map(({ at }) => at).toSorted();
  print(terminal, options.format, {
    base: { name: names.base, revision: base.policySet.revision },
    head: { name: names.head, revision: head.policySet.revision },
    events: { count: times.length, from: times[0] ?? null, to: times.at(-1) ?? null },
    changes: changed.events,
    failures: changed.failures,
    survival: changed.survival,
  });
  const some = changed.events.length + changed.failures.length + changed.survival.length > 0;
  return some && options.exitCode === true ? EXIT.failed : EXIT.ok;
}

async function record(terminal: Terminal, file: string | undefined): Promise<RecordedEvents> {
  if (file === undefined) return { events: [], state: null };
  const { readRecording } = await import('./events/recording.js');
  return readRecording(inputName(file), openInput(terminal, file));
}

function print({ out }: Terminal, format: DiffFormat, report: DiffReport): void {
  switch (format) {
    case 'pretty':
      out.write(diffText(report, out.paint));
      return;
    case 'json':
      out.write(jsonLine(diffJson(report)));
      return;
    case 'markdown':
      out.write(diffMarkdown(report));
      return;
    case 'github':
      out.write(findingsText(diffFindings(report), 'github', 'Decisions'));
  }
}

interface Side {
  readonly side: 'base' | 'head';
  readonly name: string;
  readonly loaded: LoadResult;
}

/** Problems are the answer of a command for CI as much as changes are, and go where the answer goes. */
function printRefused({ out, err }: Terminal, format: DiffFormat, sides: readonly Side[]): void {
  const refused = sides.flatMap(({ side, name, loaded }) =>
    loaded.ok ? [] : [{ side, name, problems: loaded.problems }],
  );
  if (format === 'json') {
    const problems = refused.flatMap(({ side, problems }) =>
      problems.map((problem) => ({ side, ...problemJson(problem) })),
    );
    out.write(jsonLine({ problems }));
  } else if (format === 'pretty') {
    for (const { side, name, problems } of refused) {
      err.write(`${err.paint.bold(`${side} ${safe(name)}`)}\n`);
      printProblems(err, problems);
    }
  } else {
    const findings = refused.flatMap(({ problems }) => problems.map(findingOfProblem));
    out.write(findingsText(findings, format, 'Policies'));
  }
}
