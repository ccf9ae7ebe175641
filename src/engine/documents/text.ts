import type { Problem, SourceFile } from '../problem.js';
import { MAX_FILE_BYTES } from './limits.js';
import { problemIn, problemOf } from './problems.js';
import { createSource } from './source.js';

/** Bytes to text, or why not. */
export function decode(file: SourceFile): string | Problem {
  const { bytes } = file;
  if (bytes.byteLength > MAX_FILE_BYTES) {
    const message = `expected at most ${MAX_FILE_BYTES / 1024} KiB, found ${Math.ceil(bytes.byteLength / 1024)} KiB`;
    return problemOf(file, 'POLICY_TOO_LARGE', message, 'split it into several files');
  }
  const text = new TextDecoder().decode(bytes);
  const invalid = firstInvalid(bytes, text);
  if (invalid !== null) {
    const hint = 'save the file as UTF-8';
    return problemIn(
      createSource(file.path, text),
      { start: invalid, end: invalid },
      {
        code: 'FILE_ENCODING',
        message: 'expected UTF-8 text, found bytes that are none',
        hint,
      },
    );
  }
  // YAML has no control characters but tab and line ends.
  const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.exec(text);
  if (control === null) return text;
  const code = control[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  return problemIn(
    createSource(file.path, text),
    { start: control.index, end: control.index + 1 },
    {
      code: 'FILE_ENCODING',
      message: `expected text, found the control character U+${code}`,
      hint: 'remove it; in a quoted text it is written as an escape',
    },
  );
}

/** Offset in the text of the first bytes that are not UTF-8: there encoding the text again gives other bytes. */
function firstInvalid(bytes: Uint8Array, text: string): number | null {
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const body = hasMark ? bytes.subarray(3) : bytes;
  const again = new TextEncoder().encode(text);
  const differs = again.findIndex((byte, index) => byte !== body[index]);
  if (differs === -1) return null;
  return new TextDecoder().decode(again.subarray(0, differs)).replace(/\ufffd$/, '').length;
}
