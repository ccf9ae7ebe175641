/** Durations, sizes and shares as documents write them. Each parser gives null for what is none. */

const MS_PER_UNIT = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const BYTES_PER_UNIT = {
  k: 1000,
  M: 1000 ** 2,
  G: 1000 ** 3,
  T: 1000 ** 4,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
} as const;

/** `90s`, `10m`, `6h`, `7d`, `500ms` to milliseconds. */
export function parseDuration(text: string): number | null {
  return parseQuantity(text, MS_PER_UNIT);
}

/** `64Gi`, `512Mi`, `2T` to bytes. */
export function parseSize(text: string): number | null {
  return parseQuantity(text, BYTES_PER_UNIT);
}

/** `50%` to 0.5. */
export function parseShare(text: string): number | null {
  const match = /^(100|[1-9]?\d)%$/.exec(text);
  return match === null ? null : Number(match[1]) / 100;
}

/** Least and most, both allowed. */
type Range = readonly [string, string];

/** What is no duration is within every range: its type or its pattern says what is wrong with it. */
export function isDurationWithin(range: Range, value: unknown): boolean {
  return isWithin(range, value, parseDuration);
}

/** As {@link isDurationWithin}, of sizes. */
export function isSizeWithin(range: Range, value: unknown): boolean {
  return isWithin(range, value, parseSize);
}

function isWithin([least, most]: Range, value: unknown, parse: (text: string) => number | null): boolean {
  const quantity = typeof value === 'string' ? parse(value) : null;
  return (
    quantity === null || (quantity >= (parse(least) ?? -Infinity) && quantity <= (parse(most) ?? Infinity))
  );
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | null {
  const [, digits, unit] = /^(0|[1-9]\d{0,11})([A-Za-z]{1,2})$/.exec(text) ?? [];
  if (digits === undefined || unit === undefined || !Object.hasOwn(units, unit)) return null;
  const factor = units[unit];
  return factor === undefined ? null : Number(digits) * factor;
}
