import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { InvalidInputError, NotFoundError } from '@bitcliff/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeUtf8, isFile, readDataFile } from './read-data-file.node.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-evals-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

test('text and hash; gunzips by name, hashes what lies on disk', async () => {
  const plain = await readDataFile(await write('a.txt', 'abc'));
  expect(plain).toEqual({
    content: Buffer.from('abc'),
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', // FIPS 180-2, example B.1
  });
  const zipped = await readDataFile(await write('a.txt.gz', gzipSync('abc')));
  expect(decodeUtf8(zipped.content, 'a')).toBe('abc');
  expect(zipped.sha256).not.toBe(plain.sha256);
});

test('a byte-order mark is dropped', () => {
  expect(decodeUtf8(Buffer.from('\ufeffabc'), 'bom.txt')).toBe('abc');
});

test('limits: the file, and what gunzip makes of it', async () => {
  const plain = await write('long.txt', 'x'.repeat(101));
  await expect(readDataFile(plain, 100)).rejects.toThrow(
    'file too large, expected at most 100 bytes, received 101',
  );
  const bomb = await write('bomb.txt.gz', gzipSync('x'.repeat(100_000)));
  await expect(readDataFile(bomb, 1000)).rejects.toThrow(InvalidInputError);
  await expect(readDataFile(bomb, 1000)).rejects.toThrow('received more after gunzip');
});

test('broken gzip', async () => {
  await expect(readDataFile(await write('b.gz', 'not gzip'))).rejects.toThrow('broken gzip');
  const cut = gzipSync('some text to compress').subarray(0, -4);
  await expect(readDataFile(await write('c.gz', cut))).rejects.toThrow('broken gzip');
});

test('invalid UTF-8 names the line', () => {
  expect(() => decodeUtf8(Buffer.from('ok\nok\ncaf\xe9\nok', 'latin1'), 'latin1.txt')).toThrow(
    'invalid UTF-8, expected UTF-8 text, received other bytes (line 3, latin1.txt)',
  );
});

test('a missing file', async () => {
  const missing = join(folder, 'missing');
  expect(await isFile(missing)).toBe(false);
  expect(await isFile(join(await write('file', ''), 'below'))).toBe(false);
  expect(await isFile(folder)).toBe(false);
  await expect(readDataFile(missing)).rejects.toThrow(NotFoundError);
  await expect(isFile('\0')).rejects.toThrow();
});
