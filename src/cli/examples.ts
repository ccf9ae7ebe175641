import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import { counterExample, type CheckFinding, type FailureFinding } from '../check/index.js';
import type { PolicySet } from '../engine/policy-set.js';
import { CliError, EXIT } from './exit.js';
import { counted } from './print/text.js';
import type { Terminal } from './terminal.js';

/**
 * Writes what is not survived as Scenario documents, one file each: tests that fail until it is.
 * @throws {CliError} when the folder cannot be written.
 */
export async function writeExamples(
  { cwd, err }: Terminal,
  folder: string,
  {
    policySet,
    findings,
  }: { readonly policySet: PolicySet; readonly findings: readonly (CheckFinding | FailureFinding)[] },
): Promise<void> {
  const documents = findings.flatMap((finding) =>
    'example' in finding ? (counterExample(policySet, finding) ?? []) : [],
  );
  try {
    await mkdir(resolve(cwd, folder), { recursive: true });
    for (const [index, document] of documents.entries()) {
      await writeFile(
        resolve(cwd, folder, `counter-example-${index + 1}.yaml`),
        stringify(document, { aliasDuplicateObjects: false }),
      );
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.usage, `${folder} cannot be written: ${why}`, '', { cause: error });
  }
  err.write(`${counted(documents.length, 'counter-example')} written to ${join(folder, '/')}\n`);
}
