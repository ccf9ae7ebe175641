import type { Decision } from '../engine/decision.js';
import type { EngineEvent } from '../engine/event.js';
import type { PolicySet } from '../engine/policy-set.js';
import type { View } from '../engine/view.js';
import { examples, formatOption, inventoryOption, type AddCommand, type Format } from './command.js';
import { differences, type Difference } from './events/expectation.js';
import type { JsonInput, RawItem } from './events/input.js';
import type { DryRun } from './events/source.js';
import { CliError, EXIT, type ExitCode } from './exit.js';
import { decisionText } from './print/decision.js';
import { table } from './print/table.js';
import { counted, jsonLine, safe } from './print/text.js';
import { readNamedFile } from './read-file.js';
import type { Terminal } from './terminal.js';

interface EvalOptions extends DryRun {
  readonly expect?: string;
  readonly inventory?: string;
  readonly format: Format;
}

const ABOUT_EVENTS = `
An event is a JSON object with "kind", "server" and "at" (RFC 3339). Several stand in a JSON array, or one per
line (NDJSON); each is decided on the state that the ones before it leave, as if all that they order succeeded.

  alert           labels, annotations, value, status (firing), source (eval)
  failure         subject (server), cause, causeClass
  schedule        policy
  snapshot-order  by, condition (manual), pinned (false), drive
  restart-order   by, reason
  takeover        policy
  retention

With --expect, a decision may hold more than its expectation: of an object each key that is given must match, an
array must have as many elements and each must match. FILE holds one expectation per event, in the same forms.`;

export const evaluate: AddCommand = (program, cli) => {
  program
    .command('eval')
    .summary('dry run: what would be decided about an event, and why')
    .description('Decides about events as the service would, with the same code, and touches nothing.')
    .argument('[path...]', 'folders and files with the policies (default: policies/)')
    .requiredOption('--event <file>', 'the event or events; - reads them from standard input')
    .option(
      '--state <file>',
      "the state to decide on: what the service's GET /v1/state answers (default: nothing has happened yet)",
    )
    .option('--expect <file>', 'compare each decision with what is expected of it')
    .option('--at <time>', 'the time of events that give none: RFC 3339, or now')
    .addOption(inventoryOption())
    .addOption(formatOption())
    .addHelpText(
      'after',
      `${ABOUT_EVENTS}\n` +
        examples(
          ['rekindle eval --event alert.json', 'explain what policies/ would do'],
          ['rekindle eval --event - --format json < events.ndjson', 'one decision per line'],
          ['rekindle eval --event alert.json --expect expected.json', 'in CI: exit 1 when it differs'],
        ) +
        '\n\nExit codes: 0 decided, 1 not as expected or the policies have problems, 2 wrong usage or no such event.',
    )
    .action(
      cli.handle((paths: readonly string[], options: EvalOptions) =>
        evaluateEvents(cli.terminal, paths, options),
      ),
    );
};

async function evaluateEvents(
  terminal: Terminal,
  paths: readonly string[],
  options: EvalOptions,
): Promise<ExitCode> {
  const { requirePolicies } = await import('./policies.js');
  const { openEvents, startingView } = await import('./events/source.js');
  const policySet = await requirePolicies(terminal, { paths, inventory: options.inventory });
  const initial = await startingView(terminal, policySet, options);
  const expected = await readExpectations(terminal, options.expect);
  const source = await openEvents(terminal, options);

  const printer = printerFor(terminal, options.format, source.shape);
  const unmatched: Unmatched[] = [];
  let count = 0;
  let different = 0;
  for await (const { event, decision, view } of decisions(policySet, initial, source.events)) {
    printer.print(decision);
    if (decision.reasons.some(({ code }) => code === 'no-policy-matched'))
      unmatched.push({ event, view, decision });
    if (expected !== null && count < expected.length) {
      const found = differences(expected[count], decision);
      if (found.length > 0) different += 1;
      printDifferences(terminal, event, decision, found);
    }
    count += 1;
    if (terminal.out.closed) break;
  }
  printer.end();
  await printUnmatched(terminal, policySet, unmatched);
  if (expected !== null && expected.length !== count) {
    const message = `expected were ${counted(expected.length, 'decision')}; there are ${counted(count, 'event')}`;
    throw new CliError(EXIT.failed, message, 'give one expectation per event; {} leaves a decision open');
  }
  return different === 0 ? EXIT.ok : EXIT.failed;
}

interface Decided {
  readonly event: EngineEvent;
  readonly decision: Decision;
  /** What it was decided on. */
  readonly view: View;
}

type Unmatched = Decided;

/** Decides one event after the other, each on the view that the one before it leaves. */
async function* decisions(
  policySet: PolicySet,
  initial: View,
  events: AsyncIterable<EngineEvent>,
): AsyncGenerator<Decided> {
  const { decide } = await import('../engine/decide.js');
  const { advance } = await import('../engine/advance.js');
  let view = initial;
  for await (const event of events) {
    const decision = await decide(policySet, event, view);
    yield { event, decision, view };
    view = advance(policySet, view, decision);
  }
}

const SHOWN_UNMATCHED = 10;

/** Alerts that met no condition, each with the policy that it came nearest to and what would have had to differ. */
async function printUnmatched(
  { err }: Terminal,
  policySet: PolicySet,
  unmatched: readonly Unmatched[],
): Promise<void> {
  if (unmatched.length === 0) return;
  const { explain } = await import('../explain/index.js');
  const { changesText } = await import('./print/explanation.js');
  err.write(`${counted(unmatched.length, 'alert')} met the condition of no policy\n`);
  for (const { event, view } of unmatched.slice(0, SHOWN_UNMATCHED)) {
    const { policies, flips } = await explain(policySet, event, view);
    const [nearest] = policies;
    const [flip] = flips;
    const near = nearest
      ? `nearest is ${nearest.policy} (${nearest.file}:${nearest.line})`
      : 'there is no alert policy';
    const change = flip
      ? `; it would have been ${flip.decision.outcome} with ${changesText(flip.changes)}`
      : '';
    err.write(`  ${safe(event.id)} of ${safe(event.server)}: ${safe(near)}${change}\n`);
  }
  const left = unmatched.length - SHOWN_UNMATCHED;
  if (left > 0) err.write(`  and ${left} more\n`);
}

async function readExpectations(
  terminal: Terminal,
  file: string | undefined,
): Promise<readonly unknown[] | null> {
  if (file === undefined) return null;
  const { openJson } = await import('./events/input.js');
  const { items } = await openJson(file, chunksOf(await readNamedFile(terminal, file)));
  const all: RawItem[] = [];
  for await (const item of items) all.push(item);
  return all.map(({ value }) => value);
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

interface Printer {
  print(decision: Decision): void;
  end(): void;
}

/** Lines come out as they go in; an array is one value and can only be printed at its end. */
function printerFor({ out }: Terminal, format: Format, shape: JsonInput['shape']): Printer {
  const gathered: Decision[] = [];
  if (format === 'json' && shape === 'array') {
    return {
      print: (decision) => gathered.push(decision),
      end: () => {
        out.write(jsonLine(gathered));
      },
    };
  }
  let first = true;
  return {
    print(decision) {
      if (format === 'json') out.write(jsonLine(decision));
      else out.write(`${first ? '' : '\n'}${decisionText(decision, out.paint)}`);
      first = false;
    },
    end: () => undefined,
  };
}

function printDifferences(
  { err }: Terminal,
  event: EngineEvent,
  { reasons }: Decision,
  found: readonly Difference[],
): void {
  if (found.length === 0) return;
  const rows = found.map(({ path, expected, actual }) => [
    path === '' ? 'the decision' : path,
    { text: shown(expected), paint: err.paint.green },
    { text: shown(actual), paint: err.paint.red },
  ]);
  err.write(
    `${err.paint.red('✗')} ${event.kind} ${event.id} of ${event.server} is not decided as expected\n`,
  );
  err.write(table(rows, { head: ['', 'expected', 'actual'], paintHead: err.paint.dim, indent: '  ' }));
  for (const { code, policy, text } of reasons) {
    err.write(
      `  because ${err.paint.cyan(code)}${policy === undefined ? '' : ` ${safe(policy)}`}: ${safe(text)}\n`,
    );
  }
}

const SHOWN_CHARACTERS = 80;

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS - 1)}…` : text;
}
