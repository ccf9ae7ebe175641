import { closest, distance } from 'fastest-levenshtein';

/** The known word that was probably meant; null when none is near. */
export function nearest(word: string, known: Iterable<string>): string | null {
  const candidates = [...known];
  if (word === '' || word.length > 100 || candidates.length === 0) return null;
  const best = closest(
    word.toLowerCase(),
    candidates.map((one) => one.toLowerCase()),
  );
  const meant = candidates.find((one) => one.toLowerCase() === best);
  const near =
    distance(word.toLowerCase(), best) <= Math.max(word.length > 3 ? 2 : 1, Math.floor(word.length / 3));
  return near && meant !== undefined ? meant : null;
}

/** What to do about an unknown word: the one that was probably meant, or all that there are. */
export function suggest(word: unknown, known: Iterable<string>, nothing = ''): string {
  const candidates = [...known];
  const meant = suggestNear(word, candidates);
  if (meant !== '') return meant;
  return candidates.length === 0
    ? nothing
    : `there ${candidates.length === 1 ? 'is' : 'are'} ${listed(candidates)}`;
}

/** `did you mean …?`; empty when no known word is near. */
export function suggestNear(word: unknown, known: Iterable<string>): string {
  const meant = typeof word === 'string' ? nearest(word, known) : null;
  return meant === null ? '' : `did you mean ${meant}?`;
}

/** `a, b and c`; long lists are cut. */
export function listed(words: readonly string[], last = 'and'): string {
  const shown = words.length > 12 ? [...words.slice(0, 11), `${words.length - 11} more`] : words;
  const head = shown.slice(0, -1).join(', ');
  return head === '' ? (shown[0] ?? '') : `${head} ${last} ${shown.at(-1) ?? ''}`;
}
