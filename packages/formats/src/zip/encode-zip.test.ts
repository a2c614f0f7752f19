import { FormatError, InvalidInputError } from '@bitcliff/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectRefusal } from '../../test/hostile.ts';
import { memorySource } from '../memory-source.ts';
import { encodeZip } from './encode-zip.ts';
import { openZip } from './open-zip.ts';

const name = fc
  .stringMatching(/^[a-z0-9_ .é:-]{1,12}(\/[a-z0-9]{1,4})?$/)
  .filter((text) => !/^\.\.?(\/|$)|^[a-z]:\//.test(text));

describe('encodeZip', () => {
  it('writes what openZip reads, aligned, in every mode', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(name, fc.uint8Array({ maxLength: 200 }), { maxKeys: 6, noNullPrototype: true }),
        fc.constantFrom(1, 2, 4, 64, 4096),
        fc.constantFrom('auto', 'always'),
        async (files, alignment, zip64) => {
          const given = new Map(Object.entries(files));
          const bytes = encodeZip(given, { alignment, zip64: zip64 as 'auto' | 'always' });
          const zip = await openZip(memorySource(bytes));
          expect([...zip.entries.keys()]).toEqual([...given.keys()]);
          for (const [key, content] of given) {
            const read = await zip.readEntry(key);
            expect(read).toEqual(content);
            expect(read.byteOffset % alignment).toBe(0);
          }
        },
      ),
    );
  });

  it('writes the same bytes for the same files', () => {
    const files = new Map([['x', new Uint8Array([1, 2, 3])]]);
    expect(encodeZip(files)).toEqual(encodeZip(new Map(files)));
  });

  it('writes zip64 records for more entries than 16 bits count', async () => {
    const files = new Map(Array.from({ length: 70_000 }, (_, i) => [`${i}`, new Uint8Array(0)]));
    const zip = await openZip(memorySource(encodeZip(files, { alignment: 1 })));
    expect(zip.entries.size).toBe(70_000);
  });

  it.each(['', '/x', '../x', 'a\\b', 'a\0', 'folder/', 'x'.repeat(70_000), '\ud800'])(
    'refuses the name %j',
    async (bad) => {
      await expectRefusal(() => encodeZip(new Map([[bad, new Uint8Array(0)]])), 'encodeZip', {
        error: InvalidInputError,
        says: ['bad entry name'],
      });
    },
  );

  it('writes archives whose damage is found', async () => {
    const bytes = encodeZip(new Map([['x', new Uint8Array(100)]]), { alignment: 64 });
    bytes[100]! ^= 1;
    const zip = await openZip(memorySource(bytes, 'x.zip'));
    await expectRefusal(() => zip.readEntry('x'), 'x.zip', { error: FormatError, says: ['wrong checksum'] });
  });
});
