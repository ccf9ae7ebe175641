// Writes docs/reference.md from the JSON Schemas: every field of every kind of document.
//   node scripts/generate-reference.mjs           writes the file
//   node scripts/generate-reference.mjs --check   exits 1 when the file is out of date
import { readFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';
import { stringify } from 'yaml';
import { kinds, root, writeOrCheck } from './generated.mjs';

await writeOrCheck('docs/reference.md', 'generate-reference.mjs', generate);

async function generate(target) {
  const parts = [
    '<!-- Written by scripts/generate-reference.mjs from schemas/. Do not edit. -->',
    '# Policy reference',
    'Every kind of document and every field of it, as `rekindle validate` checks them. `rekindle schema KIND` prints the same for editors; `rekindle init` writes a set to begin with. An unknown key is an error, with the one that was probably meant.',
    'Durations are whole numbers with a unit: `500ms`, `90s`, `10m`, `6h`, `7d`. Sizes are whole numbers with a unit: `512Mi`, `64Gi`, `2T`. Shares are percentages: `50%`.',
    ...kinds.flatMap((name) => kindText(`${name}.schema.json`)),
    ...conditionText(),
  ];
  return format(parts.join('\n\n'), { ...(await resolveConfig(target)), parser: 'markdown' });
}

function kindText(file) {
  const schema = read(file);
  const [example] = schema.examples;
  return [
    `## ${schema.title}`,
    schema.description,
    fence(example),
    rows(fieldsOf(schema.properties.spec, file, 'spec')),
  ];
}

/** Conditions stand in several kinds, and are told once. */
function conditionText() {
  const { $defs } = read('common.schema.json');
  const groups = [$defs.allOfThem, $defs.anyOfThem, $defs.noneOfIt];
  return [
    '## Conditions',
    'What stands under `when` and `require`: `all`, `any` or `not` outermost, with comparisons and further groups inside. A comparison asks a fact, at a path, by an operator, for a value; the value can be another fact, as `{ fact, path }`.',
    rows([
      ...groups.flatMap((group) => fieldsOf(group, 'common.schema.json', '')),
      ...fieldsOf($defs.comparison, 'common.schema.json', ''),
    ]),
    'Which facts there are depends on the place: `alert` and `server` in an AlertPolicy, `drive` and `server` in a PlacementPolicy, `backup`, `snapshot` and `server` in a RestartPolicy.',
  ];
}

/** Each field with its path, as far down as it has fields of its own. */
function fieldsOf(schema, file, at, required = false) {
  const { schema: own, file: from } = resolved(schema, file);
  const here = at === '' || at === 'spec' ? [] : [{ at, schema: own, required }];
  if (isCondition(schema)) return here;
  const inside = (properties) =>
    Object.entries(properties).flatMap(([name, field]) =>
      fieldsOf(field, from, at === '' ? name : `${at}.${name}`, (own.required ?? []).includes(name)),
    );
  if (own.properties) return [...here, ...inside(own.properties)];
  if (own.items) {
    const item = resolved(own.items, from);
    if (!item.schema.properties || isCondition(own.items)) return here;
    const fields = Object.entries(item.schema.properties).flatMap(([name, field]) =>
      fieldsOf(field, item.file, `${at}[].${name}`, (item.schema.required ?? []).includes(name)),
    );
    return [...here, ...fields];
  }
  return here;
}

function isCondition({ $ref = '' }) {
  return /\/(condition|rootCondition)$/i.test($ref);
}

/** What a schema says, with what it refers to; its own words go before those. */
function resolved(schema, file) {
  if (!schema.$ref) return { schema, file };
  const [from, pointer] = schema.$ref.split('#');
  const source = from === '' ? file : from;
  const found = read(source).$defs[pointer.split('/').at(-1)];
  const deeper = resolved(found, source);
  return { schema: { ...deeper.schema, ...schema, $ref: undefined }, file: deeper.file };
}

function rows(fields) {
  return [
    '| field | what it says | values | default | example |',
    '| --- | --- | --- | --- | --- |',
    ...fields.map(({ at, schema, required }) => {
      const cells = [
        `\`${at}\`${required ? ' **needed**' : ''}`,
        schema.description,
        valuesOf(schema),
        schema.default === undefined ? '' : code(schema.default),
        exampleOf(schema),
      ];
      return `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
    }),
  ].join('\n');
}

function valuesOf({ type, enum: words, minimum, maximum, pattern, items, properties }) {
  if (words) return words.map(code).join(', ');
  if (items) return 'list';
  if (properties || type === 'object') return 'map';
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  if (pattern?.includes('(ms|s|m|h|d)')) return 'duration';
  return Array.isArray(type) ? type.join(' or ') : (type ?? '');
}

/** Long examples stand in the document above the table. */
function exampleOf({ examples: [example] = [], default: usual }) {
  if (example === undefined || JSON.stringify(example) === JSON.stringify(usual)) return '';
  const text = code(example);
  return text.length > 100 ? '' : text;
}

/** YAML as people write it on one line. */
function code(value) {
  const text =
    typeof value === 'string' ? value : stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim();
  return `\`${text}\``;
}

function fence(document) {
  return `\`\`\`yaml\n${stringify(document, { lineWidth: 110 })}\`\`\``;
}

function read(file) {
  return JSON.parse(readFileSync(new URL(`schemas/${file}`, root), 'utf8'));
}
