import { FormatError, NotFoundError, ShapeError, UnsupportedError } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { expectRefusal, type Refusal } from '../../test/hostile.ts';
import { joined, packed, type ZipTestEntry, zip64Extra, zipFile } from '../../test/zip-file.ts';
import type { ByteSource } from '../byte-source.ts';
import { memorySource } from '../memory-source.ts';
import { openZip, type ZipArchive } from './open-zip.ts';
import { ZIP_DIRECTORY_LIMIT, ZIP_ENTRY_LIMIT, ZIP_INFLATED_LIMIT } from './zip-limits.ts';

const FILE = 'test.zip';
const text = (value: string) => new TextEncoder().encode(value);
const open = (bytes: Uint8Array): Promise<ZipArchive> => openZip(memorySource(bytes, FILE));
const hello: ZipTestEntry = { name: 'a/hello.txt', data: text('hello, hello, hello') };
const packedHello: ZipTestEntry = {
  name: 'packed.txt',
  data: text('hello, hello, hello, hello'),
  deflate: true,
};

/** A source that counts the bytes that are read. */
function counting(bytes: Uint8Array): { source: ByteSource; read: () => number } {
  let read = 0;
  const inner = memorySource(bytes, FILE);
  const source: ByteSource = {
    ...inner,
    read: (offset, length) => {
      read += length;
      return inner.read(offset, length);
    },
  };
  return { source, read: () => read };
}

describe('openZip', () => {
  it('lists entries in the order of the directory', async () => {
    const zip = await open(zipFile([hello, packedHello, { name: 'folder/', data: new Uint8Array(0) }]));
    expect([...zip.entries.keys()]).toEqual(['a/hello.txt', 'packed.txt', 'folder/']);
    expect(zip.entries.get('a/hello.txt')).toMatchObject({ method: 'stored', size: 19, compressedSize: 19 });
    expect(zip.entries.get('packed.txt')).toMatchObject({ method: 'deflate', size: 26 });
    expect(zip.name).toBe(FILE);
  });

  it('reads whole entries and ranges, stored and deflated', async () => {
    const zip = await open(zipFile([hello, packedHello]));
    for (const { name, data } of [hello, packedHello]) {
      expect(await zip.readEntry(name as string)).toEqual(data);
      expect(await zip.readEntry(name as string, { offset: 7, length: 5 })).toEqual(text('hello'));
      expect(await zip.readEntry(name as string, { offset: data.length, length: 0 })).toEqual(
        new Uint8Array(0),
      );
      expect(await zip.readEntry(name as string, { offset: 0, length: data.length })).toEqual(data);
      expect(await zip.readEntry(name as string, { offset: 2, length: data.length - 2 })).toEqual(
        data.slice(2),
      );
    }
  });

  it('reads just the range of a stored entry, as a view', async () => {
    const data = new Uint8Array(500_000).fill(7);
    const bytes = zipFile([{ name: 'big', data }]);
    const { source, read } = counting(bytes);
    const zip = await openZip(source);
    const before = read();
    const part = await zip.readEntry('big', { offset: 1000, length: 10 });
    expect(read() - before).toBeLessThan(300);
    expect(part.buffer).toBe(bytes.buffer);
  });

  it('stops inflating after the range', async () => {
    const data = new Uint8Array(20_000_000);
    for (let i = 0; i < data.length; i += 97) data[i] = i;
    const { source, read } = counting(zipFile([{ name: 'big', data, deflate: true }]));
    const zip = await openZip(source);
    const before = read();
    const { compressedSize } = zip.entries.get('big')!;
    expect(await zip.readEntry('big', { offset: 97, length: 4 })).toEqual(data.slice(97, 101));
    expect(read() - before).toBeLessThanOrEqual(Math.min(compressedSize, 1 << 20) + 200);
    expect(await zip.readEntry('big')).toEqual(data);
  });

  it('reads archives without entries, with a comment, and with a comment that looks like an end record', async () => {
    expect((await open(zipFile([]))).entries.size).toBe(0);
    expect((await open(zipFile([hello], { comment: text('made by hand') }))).entries.size).toBe(1);
    const decoy = joined(text('PK\x05\x06'), new Uint8Array(30));
    expect((await open(zipFile([hello], { comment: decoy }))).entries.size).toBe(1);
  });

  it('reads zip64 end records, sizes in zip64 fields, and padding of other programs', async () => {
    const n = hello.data.length;
    const padded = joined(packed([2, 0x4246], [2, 3]), text('ZZZ'), new Uint8Array(2));
    const wide: ZipTestEntry = {
      ...hello,
      local: { compressedSize: 0xffffffff, size: 0xffffffff, extra: joined(zip64Extra(n, n), padded) },
      central: {
        compressedSize: 0xffffffff,
        size: 0xffffffff,
        offset: 0xffffffff,
        extra: joined(padded.slice(0, 7), zip64Extra(n, n, 0)),
      },
    };
    const bytes = zipFile([wide], { zip64: {}, entries: 0xffff, directoryOffset: 0xffffffff });
    expect(await (await open(bytes)).readEntry('a/hello.txt')).toEqual(hello.data);
    const long = { ...hello, local: { extra: joined(packed([2, 0x4246], [2, 900]), new Uint8Array(900)) } };
    expect(await (await open(zipFile([long]))).readEntry('a/hello.txt')).toEqual(hello.data);
  });

  it('reads entries whose numbers come after the data', async () => {
    const later = { ...hello, both: { flags: 0x0808 }, local: { crc: 0, compressedSize: 0, size: 0 } };
    expect(await (await open(zipFile([later]))).readEntry('a/hello.txt')).toEqual(hello.data);
  });

  it('takes a checksum of zero for none only when told so', async () => {
    const bytes = zipFile([{ ...hello, both: { crc: 0 } }]);
    const lax = await openZip(memorySource(bytes, FILE), { zeroCrcIsNone: true });
    expect(await lax.readEntry('a/hello.txt')).toEqual(hello.data);
    await expectRefusal(async () => (await open(bytes)).readEntry('a/hello.txt'), FILE, {
      error: FormatError,
      says: ['wrong checksum', 'expected crc32 0x0'],
    });
  });

  it.each([
    [-1, 1],
    [0, 20],
    [19, 1],
    [0.5, 1],
    [Number.NaN, 0],
    [1, Number.MAX_SAFE_INTEGER],
  ])('refuses the range at %d of %d bytes', async (offset, length) => {
    const zip = await open(zipFile([hello]));
    await expectRefusal(() => zip.readEntry('a/hello.txt', { offset, length }), FILE, {
      error: ShapeError,
      says: ['range is not inside the entry', 'a range inside [0, 19) bytes', 'entry "a/hello.txt"'],
    });
  });

  it('refuses an entry that is not there', async () => {
    const zip = await open(zipFile([hello]));
    await expectRefusal(() => zip.readEntry('b'), FILE, {
      error: FormatError,
      says: ['no such entry', '"b"'],
    });
  });

  it('passes on the errors of the source, also while inflating', async () => {
    const bytes = zipFile([packedHello]);
    let fail = false;
    const inner = memorySource(bytes, FILE);
    const source: ByteSource = {
      ...inner,
      read: async (offset, length) => {
        if (fail) throw new NotFoundError({ op: 'test', problem: 'gone', path: FILE });
        return inner.read(offset, length);
      },
    };
    const zip = await openZip(source);
    await zip.readEntry('packed.txt');
    fail = true;
    await expectRefusal(() => zip.readEntry('packed.txt'), FILE, { error: NotFoundError, says: ['gone'] });
  });
});

describe('openZip, hostile archives', () => {
  const format = (...says: string[]): Refusal => ({ error: FormatError, says });
  const unsupported = (...says: string[]): Refusal => ({ error: UnsupportedError, says });
  const one = (change: Partial<ZipTestEntry>): Uint8Array => zipFile([{ ...hello, ...change }]);
  const called = (name: string | Uint8Array): Uint8Array => zipFile([{ name, data: new Uint8Array(1) }]);
  const good = zipFile([hello]);
  const leadsOut = format('entry name leads out of the archive');
  const disks = unsupported('archive of several disks');

  const atOpen: [string, Uint8Array, Refusal][] = [
    ['no bytes', new Uint8Array(0), format('no end of central directory', 'received 0 bytes')],
    ['other bytes', new Uint8Array(1000), format('no end of central directory')],
    ['a cut end record', good.slice(0, -1), format('no end of central directory')],
    ['bytes after the end', joined(good, new Uint8Array(1)), format('no end of central directory')],
    [
      'bytes before the start',
      joined(new Uint8Array(4), good),
      format('does not end where the end records begin'),
    ],
    [
      'bytes before the end records',
      zipFile([hello], { gap: new Uint8Array(8) }),
      format('does not end where'),
    ],
    [
      'too few entries',
      zipFile([hello, packedHello], { entries: 1 }),
      format('bytes after the last of 1 entries'),
    ],
    [
      'too many entries',
      zipFile([hello], { entries: 2 }),
      format('entry count does not fit', 'at most 1', 'received 2'),
    ],
    [
      'a count of entries that just fits',
      zipFile([{ name: 'x'.repeat(60), data: hello.data }], { entries: 2 }),
      format('bad header in the central directory', 'entry 1 of 2', 'received 0 bytes'),
    ],
    ['another count of entries here', zipFile([hello], { entriesHere: 0 }), disks],
    ['another disk', zipFile([hello], { disk: 1 }), disks],
    ['a directory on another disk', zipFile([hello], { directoryDisk: 2 }), disks],
    ['an entry on another disk', one({ central: { disk: 3 } }), disks],
    [
      'a directory past the end',
      zipFile([hello], { directoryOffset: 9999 }),
      format('does not end where', '9999'),
    ],
    [
      'a directory longer than the file',
      zipFile([hello], { directoryLength: 0xfffffff }),
      format('over the limit'),
    ],
    [
      'zip64 numbers without a record',
      zipFile([hello], { directoryOffset: 0xffffffff }),
      format('zip64 record is missing'),
    ],
    [
      'a count over the limit',
      zipFile([hello], { zip64: { entries: ZIP_ENTRY_LIMIT + 1 }, entries: 0xffff }),
      format('entry count over the limit'),
    ],
    [
      'a directory over the limit',
      zipFile([], { zip64: { directoryLength: ZIP_DIRECTORY_LIMIT + 1 }, directoryLength: 0xffffffff }),
      format('central directory over the limit'),
    ],
    [
      'a zip64 count beyond 2^53',
      zipFile([hello], { zip64: { entries: 2n ** 60n }, entries: 0xffff }),
      format('entry count overflows'),
    ],
    [
      'a zip64 count that contradicts',
      zipFile([hello], { zip64: { entries: 2 } }),
      format('zip64 record contradicts', 'entry count'),
    ],
    [
      'a zip64 offset that contradicts',
      zipFile([hello], { zip64: { directoryOffset: 1 } }),
      format('zip64 record contradicts', 'offset'),
    ],
    ['a zip64 record on another disk', zipFile([hello], { zip64: { disk: 1 } }), disks],
    ['a zip64 locator to another disk', zipFile([hello], { zip64: { locatorDisk: 1 } }), disks],
    ['a zip64 locator of two disks', zipFile([hello], { zip64: { disks: 2 } }), disks],
    [
      'a zip64 locator past the end',
      zipFile([hello], { zip64: { locatorOffset: 99999 } }),
      format('zip64 record is not before its locator'),
    ],
    [
      'a zip64 locator beyond 2^53',
      zipFile([hello], { zip64: { locatorOffset: 2n ** 63n } }),
      format('offset of the zip64 record overflows'),
    ],
    [
      'a zip64 locator to other bytes',
      zipFile([hello], { zip64: { locatorOffset: 0 } }),
      format('no zip64 record'),
    ],
    [
      'a zip64 record of another length',
      zipFile([hello], { zip64: { length: 1000 } }),
      format('wrong length of the zip64 record'),
    ],
    [
      'a bad signature in the directory',
      one({ central: { signature: 1 } }),
      format('bad header in the central directory', '0x1'),
    ],
    [
      'a name past the directory',
      one({ central: { nameLength: 60000 } }),
      format('entry is longer than the central directory'),
    ],
    [
      'an extra field past its header',
      one({ central: { extra: packed([2, 1], [2, 90]) } }),
      format('extra field is longer'),
    ],
    [
      'zip64 sizes without the field',
      one({ central: { size: 0xffffffff } }),
      format('zip64 sizes are missing'),
    ],
    [
      'a short zip64 field',
      one({ central: { size: 0xffffffff, offset: 0xffffffff, extra: zip64Extra(19) } }),
      format('zip64 sizes are missing', '16 bytes', '8 bytes'),
    ],
    [
      'two zip64 fields',
      one({ central: { extra: joined(zip64Extra(), zip64Extra()) } }),
      format('two zip64 fields'),
    ],
    [
      'a zip64 size beyond 2^53',
      one({ central: { size: 0xffffffff, extra: zip64Extra(2n ** 64n - 1n) } }),
      format('zip64 size overflows'),
    ],
    [
      'an entry of 2^52 bytes',
      one({ central: { size: 0xffffffff, compressedSize: 0xffffffff, extra: zip64Extra(2 ** 52, 2 ** 52) } }),
      format('entry overlaps the central directory'),
    ],
    [
      'an entry past the end',
      one({ central: { offset: 0x7fffffff } }),
      format('entry overlaps the central directory'),
    ],
    [
      'two entries over each other',
      zipFile([hello, { ...packedHello, central: { offset: 3 } }]),
      format('entry overlaps entry "packed.txt"'),
    ],
    [
      'two entries in one place',
      zipFile([hello, { name: 'b', data: hello.data, both: { offset: 0 } }]),
      format('entry overlaps'),
    ],
    [
      'an entry in the central directory',
      one({ central: { compressedSize: 60, size: 60 } }),
      format('entry overlaps the central directory'),
    ],
    ['two entries of one name', zipFile([hello, hello]), format('two entries of one name', '"a/hello.txt"')],
    ['a name with ..', called('../x'), leadsOut],
    ['a name with .. inside', called('a/../../x'), leadsOut],
    ['a name that ends in ..', called('a/..'), leadsOut],
    ['an absolute name', called('/etc/passwd'), leadsOut],
    ['a name with a drive', called('C:/x'), leadsOut],
    ['a name with a backslash', called('..\\x'), leadsOut],
    ['a name with a zero byte', called('a\0.npy'), leadsOut],
    ['no name', called(''), leadsOut],
    ['a name that is not UTF-8', called(new Uint8Array([0xff, 0xfe])), format('entry name is not text')],
    ['a folder with content', called('folder/'), format('folder with content')],
    ['an encrypted entry', one({ both: { flags: 0x0801 } }), unsupported('encrypted entry', '"a/hello.txt"')],
    ['a strongly encrypted entry', one({ both: { flags: 0x0841 } }), unsupported('encrypted entry')],
    ['masked headers', one({ both: { flags: 0x2800 } }), unsupported('encrypted entry')],
    ['a patch', one({ both: { flags: 0x0820 } }), unsupported('entry is a patch')],
    ['LZMA', one({ both: { method: 14 } }), unsupported('unknown compression method', 'received 14')],
    ['Zstandard', one({ both: { method: 93 } }), unsupported('received 93')],
    ['a stored entry of two sizes', one({ both: { size: 18 } }), format('sizes of a stored entry differ')],
    [
      'a bomb by its size',
      zipFile([{ ...packedHello, both: { size: ZIP_INFLATED_LIMIT + 1 } }]),
      unsupported('deflated entry over the limit', `${ZIP_INFLATED_LIMIT} bytes`),
    ],
    [
      'a bomb by its ratio',
      zipFile([{ ...packedHello, both: { size: 1_000_000 } }]),
      format('ratio of a deflated entry over the limit', 'at most 1032 x'),
    ],
  ];
  it.each(atOpen)('refuses %s', (_, bytes, refusal) => expectRefusal(() => open(bytes), FILE, refusal));

  const stated = (fields: NonNullable<ZipTestEntry['local']>) => one({ local: fields });
  const contradicts = (what: string) => format(`local header contradicts the central directory: ${what}`);
  const atRead: [string, Uint8Array, Refusal][] = [
    ['no local header', stated({ signature: 0 }), format('no local header', 'received 0x0')],
    ['another name', stated({ name: 'b/hello.txt' }), contradicts('name')],
    ['a longer name', stated({ name: 'a/hello.text' }), contradicts('name length')],
    ['another method', stated({ method: 8 }), contradicts('method')],
    ['another checksum', stated({ crc: 1 }), contradicts('crc32')],
    ['another size', stated({ size: 20 }), contradicts('size')],
    ['another compressed size', stated({ compressedSize: 18 }), contradicts('compressed size')],
    ['zero sizes without a descriptor', stated({ size: 0, compressedSize: 0, crc: 0 }), contradicts('crc32')],
    ['encryption in the local header alone', stated({ flags: 0x0801 }), unsupported('encrypted entry')],
    ['an extra field over the data', stated({ extraLength: 40 }), format('data overlaps what follows it')],
    ['zip64 sizes that are missing', stated({ size: 0xffffffff }), format('zip64 sizes are missing')],
    [
      'zip64 sizes that contradict',
      stated({ size: 0xffffffff, compressedSize: 0xffffffff, extra: zip64Extra(20, 19) }),
      contradicts('size'),
    ],
    [
      'a wrong checksum',
      one({ both: { crc: 1 } }),
      format('wrong checksum', 'expected crc32 0x1', 'The file is damaged'),
    ],
    [
      'a wrong checksum of deflated data',
      zipFile([{ ...packedHello, name: 'a/hello.txt', both: { crc: 1 } }]),
      format('wrong checksum'),
    ],
    [
      'no deflate data',
      zipFile([{ ...packedHello, name: 'a/hello.txt', raw: new Uint8Array(9).fill(7) }]),
      format('bad deflate data'),
    ],
    [
      'empty deflate data',
      zipFile([{ name: 'a/hello.txt', data: new Uint8Array(0), deflate: true, raw: new Uint8Array(0) }]),
      format('bad deflate data'),
    ],
    [
      'cut deflate data',
      zipFile([{ ...packedHello, name: 'a/hello.txt', raw: zipFile([packedHello]).slice(40, 45) }]),
      format('bad deflate data'),
    ],
    [
      'less data than promised',
      zipFile([{ ...packedHello, name: 'a/hello.txt', both: { size: 27 } }]),
      format('another length than its header says', 'expected 27 bytes, received 26'),
    ],
    [
      'more data than promised',
      zipFile([{ ...packedHello, name: 'a/hello.txt', both: { size: 25 } }]),
      format('another length', 'received more than 25'),
    ],
    [
      'a bomb that hides its size',
      zipFile([{ name: 'a/hello.txt', data: new Uint8Array(50_000_000), deflate: true, both: { size: 10 } }]),
      format('another length', 'received more than 10'),
    ],
  ];
  it.each(atRead)('refuses to read %s', async (_, bytes, refusal) => {
    const zip = await open(bytes);
    await expectRefusal(() => zip.readEntry('a/hello.txt'), FILE, refusal);
  });

  it('refuses or reads right what is left when a good archive is cut anywhere', async () => {
    const bytes = zipFile([hello, packedHello], { zip64: {} });
    for (let length = 0; length < bytes.length; length++) {
      await expectRefusal(() => open(bytes.subarray(0, length)), FILE, { error: FormatError, says: [] });
    }
  });
});
