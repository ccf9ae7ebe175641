/**
 * Makes the program that people start, dist/bin/, of the modules that tsc wrote: Node.js finds and loads each of
 * several hundred by itself, and a short command waits for that. See docs/decisions/0015.
 */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import standaloneCode from 'ajv/dist/standalone/index.js';
import { rolldown } from 'rolldown';
import { documentAjv } from '../dist/engine/documents/document-checks.js';
import { KINDS, SCHEMA_FILES } from '../dist/engine/documents/kinds.js';

const dist = fileURLToPath(new URL('../dist/', import.meta.url));
const bin = `${dist}bin`;

/** A module finds the files that belong to it by where tsc put it, wherever its code has been moved. */
const ownPlaces = {
  name: 'own-places',
  transform: {
    filter: { code: 'import.meta.url' },
    handler(code, id) {
      if (!id.startsWith(dist)) return null;
      const place = JSON.stringify(relative(bin, id));
      return {
        code: code.replaceAll('import.meta.url', `new URL(${place}, import.meta.url).href`),
        map: null,
      };
    },
  },
};

/** Checks of documents are compiled now instead of at every start. */
const compiledChecks = {
  name: 'compiled-checks',
  load: {
    filter: { id: /\/engine\/documents\/document-checks\.js$/ },
    handler() {
      const compiled = standaloneCode.default(documentAjv({ source: true, esm: true }), SCHEMA_FILES);
      const choice = `const checks = { ${KINDS.join(', ')} };`;
      return `${compiled}\n${choice}\nexport const validatorOf = (kind) => checks[kind];\n`;
    },
  },
};

const bundle = await rolldown({
  input: { rekindle: `${dist}cli/main.js` },
  platform: 'node',
  // Holds compiled code that it looks for beside itself.
  external: ['sqlite3'],
  plugins: [compiledChecks, ownPlaces],
  // What is odd about other people's modules is not ours to mend.
  onLog(level, log, report) {
    if (level !== 'warn' || !log.id?.includes('node_modules')) report(level, log);
  },
});
await bundle.write({ dir: bin, format: 'esm', cleanDir: true, chunkFileNames: '[name].js' });
await bundle.close();
