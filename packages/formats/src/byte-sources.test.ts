import { openAsBlob } from 'node:fs';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FormatError, InvalidInputError, NotFoundError, ShapeError } from '@bitcliff/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefusal } from '../test/hostile.ts';
import { blobSource } from './blob-source.ts';
import type { ByteSource } from './byte-source.ts';
import { openFileSource } from './file-source.node.ts';
import { memorySource } from './memory-source.ts';

const BYTES = Uint8Array.from({ length: 100 }, (_, i) => i);
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bitcliff-formats-'));
});
afterAll(() => rm(dir, { recursive: true }));

const open: Record<string, () => Promise<ByteSource>> = {
  memory: async () => memorySource(BYTES, 'hundred.bin'),
  blob: async () => blobSource(new File([BYTES], 'hundred.bin')),
  file: async () => {
    const path = join(dir, 'hundred.bin');
    await writeFile(path, BYTES);
    return openFileSource(path);
  },
};

describe.each(Object.keys(open))('%s source', (kind) => {
  it('reads exactly the range asked for, at both ends too', async () => {
    const source = await open[kind]!();
    expect(source.byteLength).toBe(100);
    expect(source.name).toContain('hundred.bin');
    expect([...(await source.read(0, 3))]).toEqual([0, 1, 2]);
    expect([...(await source.read(97, 3))]).toEqual([97, 98, 99]);
    expect((await source.read(0, 100)).byteLength).toBe(100);
    expect((await source.read(100, 0)).byteLength).toBe(0);
    await source.close();
    await source.close();
  });

  it.each([
    [0, 101],
    [100, 1],
    [-1, 2],
    [5, -1],
    [0.5, 1],
    [0, 1.5],
    [Number.NaN, 1],
    [0, Number.POSITIVE_INFINITY],
    [Number.MAX_SAFE_INTEGER, 1],
    [1, Number.MAX_SAFE_INTEGER],
  ])('refuses offset %d, length %d', async (offset, length) => {
    const source = await open[kind]!();
    await expectRefusal(() => source.read(offset, length), 'hundred.bin', {
      error: ShapeError,
      says: ['range is not inside the file', '[0, 100) bytes', `offset ${offset}, length ${length}`],
    });
    await source.close();
  });
});

describe('memorySource', () => {
  it('gives views, not copies', async () => {
    const view = await memorySource(BYTES).read(10, 5);
    expect(view.buffer).toBe(BYTES.buffer);
    expect(view.byteOffset).toBe(BYTES.byteOffset + 10);
  });

  it('gives plain arrays over a Buffer of Node', async () => {
    const view = await memorySource(Buffer.from(BYTES)).read(10, 5);
    expect(view.constructor).toBe(Uint8Array);
    expect(view).toEqual(BYTES.slice(10, 15));
  });
});

describe('blobSource', () => {
  it('is called blob when it has no name', () => {
    expect(blobSource(new Blob([BYTES])).name).toBe('blob');
    expect(blobSource(new Blob([BYTES]), 'given').name).toBe('given');
  });

  it('says so when the file below the blob changed', async () => {
    const path = join(dir, 'changing.bin');
    await writeFile(path, BYTES);
    const source = blobSource(await openAsBlob(path), 'changing.bin');
    await truncate(path, 10);
    await expectRefusal(() => source.read(50, 10), 'changing.bin', {
      error: FormatError,
      says: ['cannot read the blob'],
    });
  });

  it('refuses a blob that gives fewer bytes than it has', async () => {
    const short = { size: 10, slice: () => new Blob([new Uint8Array(3)]) } as unknown as Blob;
    await expectRefusal(() => blobSource(short, 'short.bin').read(0, 10), 'short.bin', {
      error: FormatError,
      says: ['the blob ended early', 'expected 10 bytes at offset 0', 'received 3'],
    });
  });
});

describe('openFileSource', () => {
  it('refuses a short read when the file was cut while open', async () => {
    const path = join(dir, 'cut.bin');
    await writeFile(path, BYTES);
    const source = await openFileSource(path);
    await truncate(path, 60);
    expect((await source.read(0, 60)).byteLength).toBe(60);
    await expectRefusal(() => source.read(50, 20), 'cut.bin', {
      error: FormatError,
      says: ['the file ended early', 'expected 20 bytes at offset 50', 'received 10'],
    });
    await source.close();
  });

  it('refuses to read after close', async () => {
    const source = await open.file!();
    await source.close();
    await expectRefusal(() => source.read(0, 1), 'hundred.bin', {
      error: InvalidInputError,
      says: ['the file is closed'],
    });
  });

  it('gives fresh memory, aligned for every dtype', async () => {
    const source = await open.file!();
    const bytes = await source.read(3, 9);
    expect(bytes.byteOffset).toBe(0);
    expect(bytes.buffer.byteLength).toBe(9);
    await source.close();
  });

  it('names a file that does not exist, and a path through a file', async () => {
    await expectRefusal(() => openFileSource(join(dir, 'nothing.bin')), 'nothing.bin', {
      error: NotFoundError,
      says: ['no such file'],
    });
    await writeFile(join(dir, 'a-file'), BYTES);
    await expectRefusal(() => openFileSource(join(dir, 'a-file', 'x')), 'a-file', {
      error: NotFoundError,
      says: ['no such file'],
    });
  });

  it('refuses a folder, and a path that the system refuses', async () => {
    await expectRefusal(() => openFileSource(dir), dir, {
      error: InvalidInputError,
      says: ['not a regular file', 'expected a file', 'received a folder or device'],
    });
    await expectRefusal(() => openFileSource(`bad\0name`), 'bad', {
      error: InvalidInputError,
      says: ['cannot open the file', 'ERR_INVALID_ARG_VALUE'],
    });
  });
});
