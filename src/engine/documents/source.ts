import { type Range, secretsOnLine } from './secrets.js';

/** The text of one file, with positions for people. Offsets are those of the text, without a byte order mark. */
export interface Source {
  /** As it is printed. */
  readonly file: string;
  readonly text: string;
  /** Both 1-based; the column in characters. */
  position(offset: number): { readonly line: number; readonly column: number };
  /** The line of the place with carets under it. Secrets in it are not shown. */
  excerpt(place: Range): string;
}

const SHOWN_BEFORE = 110;
const SHOWN_AFTER = 80;
const HIDDEN = '[secret]';
/** How far around the place secrets are looked for: a line may be as long as the file. */
const SEARCHED = 1000;

/** @param secrets what must never be shown, found where the text could be parsed. */
export function createSource(file: string, text: string, secrets: readonly Range[] = []): Source {
  const starts = lineStarts(text);
  const lineAt = (offset: number): { index: number; start: number; end: number } => {
    const index = lastAtMost(starts, Math.min(offset, text.length));
    const start = starts[index] ?? 0;
    const next = starts[index + 1];
    return { index, start, end: next === undefined ? text.length : next - 1 };
  };
  return {
    file,
    text,
    position(offset) {
      const { index, start } = lineAt(offset);
      return { line: index + 1, column: Array.from(text.slice(start, offset)).length + 1 };
    },
    excerpt(place) {
      const { index, start, end } = lineAt(place.start);
      const searched = Math.max(start, place.start - SEARCHED);
      const onLine = secretsOnLine(text.slice(searched, Math.min(end, place.start + SEARCHED)));
      const hidden = [...secrets, ...onLine.map((range) => shifted(range, searched))];
      const from = Math.max(start, place.start - SHOWN_BEFORE);
      const to = Math.min(end, place.start + SHOWN_AFTER);
      const before = (from > start ? '…' : '') + shown(text, { start: from, end: place.start }, hidden);
      const after = shown(text, { start: place.start, end: to }, hidden) + (to < end ? '…' : '');
      const marked = shown(text, { start: place.start, end: Math.min(place.end, to) }, hidden);
      const number = String(index + 1);
      const carets = '^'.repeat(Math.max(1, Array.from(marked.trimEnd()).length));
      return `${number} | ${before}${after.trimEnd()}\n${' '.repeat(number.length)} | ${blank(before)}${carets}`;
    },
  };
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** Index of the last element that is not greater than `limit`. */
function lastAtMost(sorted: readonly number[], limit: number): number {
  let low = 0;
  let high = sorted.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((sorted[middle] ?? Infinity) <= limit) low = middle;
    else high = middle - 1;
  }
  return low;
}

function shifted({ start, end }: Range, by: number): Range {
  return { start: start + by, end: end + by };
}

/** The text of a range with every secret in it replaced by one fixed word, which does not tell its length. */
function shown(text: string, { start, end }: Range, hidden: readonly Range[]): string {
  let out = '';
  for (let at = start; at < end;) {
    const secret = hidden.find((range) => range.start <= at && at < range.end);
    if (secret === undefined) {
      const next = hidden.reduce(
        (soonest, range) => (range.start > at ? Math.min(soonest, range.start) : soonest),
        end,
      );
      out += text.slice(at, next);
      at = next;
    } else {
      out += HIDDEN;
      at = secret.end;
    }
  }
  return printable(out);
}

/** Text from a file that is not trusted yet must not steer the terminal that shows it. */
function printable(text: string): string {
  return text.replaceAll(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g,
    (character) => (character === '\r' ? '' : '\ufffd'),
  );
}

/** As wide as `text`; tabs stay tabs, so that the carets stand under the place. */
function blank(text: string): string {
  return text.replaceAll(/[^\t]/gu, ' ');
}
