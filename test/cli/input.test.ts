import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openJson } from '../../src/cli/events/input.js';

async function* inPieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function readAll(text: string, size = 7): Promise<{ shape: string; values: unknown[] }> {
  const { shape, items } = await openJson('input', inPieces(text, size));
  const values: unknown[] = [];
  for await (const { value } of items) values.push(value);
  return { shape, values };
}

const event = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,8}$/),
  fc.oneof(fc.string({ unit: 'binary' }), fc.integer()),
  {
    minKeys: 1,
  },
);

describe('events as JSON', () => {
  it('are the same however they arrive: in lines, and whatever pieces the lines come in', async () => {
    const lines = fc.array(event, { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(
        lines,
        fc.integer({ min: 1, max: 9 }),
        fc.constantFrom('\n', '\r\n'),
        async (events, size, end) => {
          const text = events.map((one) => JSON.stringify(one)).join(end);
          expect(await readAll(text, size)).toEqual({ shape: 'lines', values: events });
        },
      ),
    );
  });

  it('are the same in an array, on one line or on many', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(event), fc.constantFrom(undefined, 2), async (events, indent) => {
        const text = JSON.stringify(events, null, indent);
        expect(await readAll(text)).toEqual({ shape: 'array', values: events });
      }),
    );
  });

  it('may be one event on many lines', async () => {
    expect(await readAll('\n{\n  "kind": "alert"\n}\n')).toEqual({
      shape: 'lines',
      values: [{ kind: 'alert' }],
    });
  });

  it('may have empty lines between them', async () => {
    expect(await readAll('{"a":1}\n\n  \n{"a":2}\n')).toEqual({
      shape: 'lines',
      values: [{ a: 1 }, { a: 2 }],
    });
  });

  it('are handed on before the stream ends', async () => {
    let asked = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        asked += 1;
        yield Buffer.from('{"a":1}\n');
      }
    }
    const { items } = await openJson('input', endless());
    for await (const _ of items) break;
    expect(asked).toBeLessThan(5);
  });

  it('are refused when they are not UTF-8', async () => {
    async function* latin1(): AsyncGenerator<Uint8Array> {
      yield Buffer.from([0x22, 0xfc, 0x22]);
    }
    await expect(openJson('input', latin1())).rejects.toThrow('input:1:1: this is not JSON that can be read');
  });
});
