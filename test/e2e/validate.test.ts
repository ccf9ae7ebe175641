/** The program that people start has the checks of documents compiled in; the tests of the loader compile them. */
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { problemJson } from '../../src/cli/print/problems.js';
import { loadPolicySet } from '../../src/engine/load.js';
import { readPolicyFiles } from '../../src/files.js';
import { DRIVER_CATALOGUE } from '../../src/hw/drivers.js';
import { runProgram } from './support/service.js';

/** Every document with something wrong in it that there is, and all at once. */
const FOLDER = 'test/fixtures/policies';

it('says of bad documents to the letter what the loader says', async () => {
  const { files } = await readPolicyFiles([resolve(import.meta.dirname, '../..', FOLDER)]);
  const loaded = loadPolicySet(files, DRIVER_CATALOGUE);
  const problems = loaded.ok ? [] : loaded.problems.map(problemJson);
  expect(problems.length).toBeGreaterThan(100);

  const { code, stdout } = await runProgram(['validate', FOLDER, '--format', 'json']);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toEqual({ problems });
});
