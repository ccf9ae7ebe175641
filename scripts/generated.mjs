import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const root = new URL('../', import.meta.url);

/** The schemas of the kinds of documents, in the order in which a newcomer meets them. */
export const kinds = [
  'alert-policy',
  'schedule-policy',
  'placement-policy',
  'restart-policy',
  'inventory',
  'scenario',
];

/** Writes a generated file; with `--check` says instead whether it is up to date, and exits 1 when it is not. */
export async function writeOrCheck(path, script, generate) {
  const target = fileURLToPath(new URL(path, root));
  const generated = await generate(target);
  if (!process.argv.includes('--check')) {
    writeFileSync(target, generated);
  } else if (readFileSync(target, 'utf8') !== generated) {
    console.error(`${path} is out of date: run \`node scripts/${script}\``);
    process.exitCode = 1;
  }
}
