import type { Problem, SourceFile } from '../problem.js';
import { compareText } from '../world.js';
import { type ReadFile, readYaml } from './yaml.js';

/** The documents of all files, by file name: which of two equal names counts as the second never depends on chance. */
export function readFiles(files: readonly SourceFile[]): ReadFile {
  const read = files.toSorted((a, b) => compareText(a.name, b.name)).map(readYaml);
  return {
    documents: read.flatMap(({ documents }) => documents),
    problems: read.flatMap(({ problems }): readonly Problem[] => problems),
  };
}
