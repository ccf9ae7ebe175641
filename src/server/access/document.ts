import { LineCounter, parseDocument } from 'yaml';
import { checker } from '../formats/check.js';
import { ROLES, type Access, type Caller, type Role } from './access.js';

/** The access file: who may do what, and how they prove who they are. It holds hashes and names of files, no secret. */
const ACCESS_SCHEMA = {
  type: 'object',
  description: 'Who may ask the service what.',
  additionalProperties: false,
  required: ['callers'],
  properties: {
    callers: {
      type: 'array',
      minItems: 1,
      maxItems: 1_000,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'roles'],
        properties: {
          name: { type: 'string', pattern: '^[a-z0-9][a-z0-9-]{0,62}$' },
          roles: { type: 'array', minItems: 1, uniqueItems: true, items: { enum: ROLES } },
          tokenHashes: {
            type: 'array',
            minItems: 1,
            maxItems: 2,
            items: { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' },
          },
          webhookSecretFiles: {
            type: 'array',
            minItems: 1,
            maxItems: 2,
            items: { type: 'string', minLength: 1 },
          },
          certificate: { type: 'string', minLength: 1, maxLength: 64 },
        },
      },
    },
  },
} as const;

interface Written {
  readonly callers: readonly {
    readonly name: string;
    readonly roles: readonly Role[];
    readonly tokenHashes?: readonly string[];
    readonly webhookSecretFiles?: readonly string[];
    readonly certificate?: string;
  }[];
}

const check = checker<Written>(ACCESS_SCHEMA);

/** The access file cannot be used. The message says where and what to do, and never repeats a secret. */
export class AccessRefused extends Error {
  readonly code = 'ACCESS_REFUSED';

  constructor(message: string) {
    super(message);
    this.name = 'AccessRefused';
  }
}

/**
 * Reads an access file.
 * @param file its name, for messages.
 * @param readSecret the text of a file with a webhook secret.
 * @throws {AccessRefused}
 */
export async function readAccess(
  text: string,
  file: string,
  readSecret: (path: string) => Promise<string>,
): Promise<Access> {
  const { callers } = parse(text, file);
  const names = callers.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new AccessRefused(`${file}: there are two callers ${twice}`);
  return {
    is: 'callers',
    callers: await Promise.all(callers.map((written) => toCaller(written, file, readSecret))),
  };
}

function parse(text: string, file: string): Written {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    version: '1.2',
    schema: 'core',
    strict: true,
    uniqueKeys: true,
    stringKeys: true,
  });
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new AccessRefused(`${file}:${line}:${col}: ${error.message.split('\n', 1)[0] ?? ''}`);
  }
  const read = check(plain(document, file));
  if (!read.ok) throw new AccessRefused(`${file}: ${read.problem.code}: ${read.problem.detail}`);
  return read.value;
}

/** Aliases can make a small file a huge value; nobody needs them here. */
function plain(document: ReturnType<typeof parseDocument>, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw new AccessRefused(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function toCaller(
  { name, roles, tokenHashes = [], webhookSecretFiles = [], certificate }: Written['callers'][number],
  file: string,
  readSecret: (path: string) => Promise<string>,
): Promise<Caller> {
  if (tokenHashes.length === 0 && webhookSecretFiles.length === 0 && certificate === undefined)
    throw new AccessRefused(
      `${file}: ${name} has no way to prove who it is; give it tokenHashes, webhookSecretFiles or certificate`,
    );
  const secrets = await Promise.all(webhookSecretFiles.map(readSecret));
  return {
    name,
    roles: new Set(roles),
    tokens: tokenHashes.map((hash) => Buffer.from(hash.slice('sha256:'.length), 'hex')),
    webhookKeys: secrets.map((secret, index) => keyOf(secret, webhookSecretFiles[index] ?? '')),
    certificate: certificate ?? null,
  };
}

/** `whsec_` and base64 of 24 to 64 bytes, as Standard Webhooks has it. */
function keyOf(secret: string, path: string): Buffer {
  const encoded = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret.trim())?.[1];
  const key = Buffer.from(encoded ?? '', 'base64');
  if (key.length >= 24 && key.length <= 64) return key;
  throw new AccessRefused(
    `${path} holds no webhook secret; expected is whsec_ and base64 of 24 to 64 bytes, as \`rekindle token --webhook\` prints it`,
  );
}
