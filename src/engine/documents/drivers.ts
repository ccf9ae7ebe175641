import type { DriverCatalogue } from '../policy-set.js';
import type { Problem } from '../problem.js';
import { settingsValidator } from './ajv.js';
import type { Corpus } from './corpus.js';
import { formatPath, type Path } from './place.js';
import { type Finding, problemAt } from './problems.js';
import { unknownReference } from './references.js';
import { schemaFindings } from './schema-findings.js';
import { holdsSecret, namesSecret } from './secrets.js';
import type { Checked } from './structure.js';

type Settings = Readonly<Record<string, unknown>>;

/** One driver that an inventory entry asks for. */
interface DriverUse {
  readonly path: Path;
  readonly driver: string;
  readonly settings: Settings;
  readonly of: 'machine' | 'drive';
}

/** Drivers exist, their settings are what they declare, and no secret stands among them. */
export function driverProblems({ inventory }: Corpus, drivers: DriverCatalogue): readonly Problem[] {
  if (inventory === null) return [];
  return driverUses(inventory).flatMap((use) => {
    const secrets = secretFindings(use.settings, [...use.path, use.driver]);
    const hidden = new Set(secrets.map(({ path }) => formatPath(path)));
    const settings = settingsFindings(use, drivers).filter(({ path }) => !hidden.has(formatPath(path)));
    return [
      ...unknownReference(inventory.yaml, [...use.path, use.driver], {
        what: 'driver',
        word: use.driver,
        known: [...drivers.keys()],
      }),
      ...[...secrets, ...settings].map((finding) => problemAt(inventory.yaml, finding)),
    ];
  });
}

function driverUses({ body: { spec } }: Checked<'Inventory'>): readonly DriverUse[] {
  const usesOf = (list: 'servers' | 'drives', of: DriverUse['of']): readonly DriverUse[] =>
    spec[list].flatMap((entry, index) =>
      Object.entries(entry.driver).map(([driver, settings]) => ({
        path: ['spec', list, index, 'driver'],
        driver,
        settings,
        of,
      })),
    );
  return [...usesOf('servers', 'machine'), ...usesOf('drives', 'drive')];
}

function settingsFindings(use: DriverUse, drivers: DriverCatalogue): readonly Finding[] {
  const description = drivers.get(use.driver);
  if (description === undefined) return [];
  const validate = settingsValidator(description.settings[use.of]);
  if (validate(use.settings)) return [];
  return schemaFindings(validate.errors ?? [], use.settings, 'the entry').map((finding) => ({
    ...finding,
    code: 'DRIVER_SETTINGS',
    path: [...use.path, use.driver, ...finding.path],
    message: `driver ${use.driver}: ${finding.message}`,
  }));
}

/** A document is read by many and kept for ever; a secret in it is none. The value is never repeated. */
function secretFindings(value: unknown, path: Path): readonly Finding[] {
  if (typeof value !== 'object' || value === null) {
    const key = path.findLast((segment): segment is string => typeof segment === 'string') ?? '';
    const secret = namesSecret(key) ? value !== null : typeof value === 'string' && holdsSecret(value);
    return secret ? [secretFinding(key, path)] : [];
  }
  return Object.entries(value).flatMap(([key, child]) =>
    secretFindings(child, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

function secretFinding(key: string, path: Path): Finding {
  const hint = namesSecret(key)
    ? `put it into a file or an environment variable and say where: ${key}From: { env: NAME } or { file: PATH }`
    : 'take the name and the password out of the URL';
  return { code: 'SECRET_INLINE', path, message: `a secret stands in the document under ${key}`, hint };
}
