import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createLineReader } from '../../../src/hw/qemu/qmp/lines.js';

function linesOf(chunks: readonly Buffer[]): readonly string[] {
  const lines: string[] = [];
  const reader = createLineReader((line) => lines.push(line));
  for (const chunk of chunks) reader.push(chunk);
  return lines;
}

it('lines are the same, however the bytes are cut', () => {
  const line = fc
    .string({ unit: 'grapheme', minLength: 1 })
    .filter((text) => !/[\r\n]/.test(text) && text.trim() !== '');
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat({ max: 40 })), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((one) => `${one}\n`).join(''));
      const chunks: Buffer[] = [];
      let from = 0;
      for (const cut of cuts) {
        chunks.push(bytes.subarray(from, from + cut));
        from += cut;
      }
      expect(linesOf([...chunks, bytes.subarray(from)])).toEqual(lines);
    }),
  );
});

it('what has no end yet is no line', () => {
  expect(linesOf([Buffer.from('{"QMP"')])).toEqual([]);
});

it('empty lines are none', () => {
  expect(linesOf([Buffer.from('\r\n\n{}\r\n')]).map((line) => line.trim())).toEqual(['{}']);
});

it('a line without an end is given up before it fills the memory', () => {
  const megabyte = Buffer.alloc(2 ** 20, 0x20);
  expect(() => linesOf([megabyte, megabyte, megabyte, megabyte, megabyte])).toThrow(RangeError);
});
