const SECRET_WORD = /pass(?:word|wd|phrase)|secret|token|credential|(?:api|private|access)[-_]?key/i;
/** `passwordFrom`, `tokenFile`: a key that says where the secret is, and does not hold it. */
const REFERENCE = /(?:from|file|env|ref)$/i;
const SECRET_ON_LINE =
  /((?:pass(?:word|wd|phrase)|secret|token|credential|(?:api|private|access)[-_]?key)[\w-]*["']?[ \t]*:[ \t]*)([^\s#{[][^#]*?)(?=[ \t]*(?:$|[,}#]))/gi;
const USER_IN_URL = /:\/\/[^/@\s"']*:[^/@\s"']*@/;
const USER_ON_LINE = /(:\/\/)([^/@\s"']*:[^/@\s"']*)(?=@)/g;

/** A stretch of text, as offsets. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** True for a key of which the value would be a secret. */
export function namesSecret(key: string): boolean {
  return SECRET_WORD.test(key) && !REFERENCE.test(key);
}

/** True for a text that holds a secret whatever its key is: `http://user:password@host`. */
export function holdsSecret(text: string): boolean {
  return USER_IN_URL.test(text);
}

/** What looks like a secret in one line of a file that may not even be YAML. */
export function secretsOnLine(line: string): Range[] {
  return [SECRET_ON_LINE, USER_ON_LINE].flatMap((pattern) =>
    [...line.matchAll(pattern)].flatMap((match): Range[] => {
      const [, before = '', value = ''] = match;
      if (REFERENCE.test(/[\w-]*/.exec(before)?.[0] ?? '')) return [];
      const start = match.index + before.length;
      return [{ start, end: start + value.length }];
    }),
  );
}
