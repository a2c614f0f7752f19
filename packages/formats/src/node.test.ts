import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FormatError, InvalidInputError, NotFoundError, Tensor } from '@bitcliff/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefusal, failureOf } from '../test/hostile.ts';
import { encodeSafetensors } from './encode-safetensors.ts';
import { openSafetensorsFile, openTensorFolder, writeSafetensorsFile } from './node.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bitcliff-formats-'));
});
afterAll(() => rm(root, { recursive: true }));

/** A new folder with the given files. */
async function folder(name: string, files: Record<string, Uint8Array | string> = {}): Promise<string> {
  const dir = join(root, name);
  await mkdir(dir);
  for (const [file, content] of Object.entries(files)) await writeFile(join(dir, file), content);
  return dir;
}

const tensors = new Map<string, Tensor>([
  ['a', new Tensor('F32', [2], new Float32Array([1, 2]))],
  ['b', new Tensor('F16', [1], new Uint16Array([0x3c00]))],
]);
const file = encodeSafetensors(tensors, { format: 'pt' });

describe('openSafetensorsFile', () => {
  it('opens a file', async () => {
    const dir = await folder('one-file', { 'x.safetensors': file });
    const source = await openSafetensorsFile(join(dir, 'x.safetensors'));
    expect(source.name).toBe(join(dir, 'x.safetensors'));
    expect(await source.readFloat32('a')).toEqual(new Float32Array([1, 2]));
    expect(await source.readFloat32('b')).toEqual(new Float32Array([1]));
    await source.close();
    expect(await failureOf(() => source.read('a'))).toBeInstanceOf(InvalidInputError);
  });

  it('names a bad file', async () => {
    const dir = await folder('bad-file', { 'x.safetensors': 'short' });
    await expectRefusal(() => openSafetensorsFile(join(dir, 'x.safetensors')), 'x.safetensors', {
      error: FormatError,
      says: ['too short', 'received 5'],
    });
  });
});

describe('openTensorFolder', () => {
  it('opens model.safetensors, also when there is an index', async () => {
    const dir = await folder('single', { 'model.safetensors': file, 'model.safetensors.index.json': '{' });
    const source = await openTensorFolder(dir);
    expect(source.metadata).toEqual({ format: 'pt' });
    expect(source.names()).toEqual(['a', 'b']);
    await source.close();
  });

  it('opens the shards of an index', async () => {
    const index = { metadata: { total_size: 10 }, weight_map: { a: 's1.safetensors', b: 's1.safetensors' } };
    const files = { 's1.safetensors': file, 'model.safetensors.index.json': JSON.stringify(index) };
    const source = await openTensorFolder(await folder('sharded', files));
    expect(source.names()).toEqual(['a', 'b']);
    expect(await source.readFloat32('a')).toEqual(new Float32Array([1, 2]));
    await source.close();
  });

  it('names the index and the missing shard', async () => {
    const index = { weight_map: { a: 's1.safetensors', z: 's2.safetensors' } };
    const files = { 's1.safetensors': file, 'model.safetensors.index.json': JSON.stringify(index) };
    const dir = await folder('missing-shard', files);
    await expectRefusal(() => openTensorFolder(dir), 'model.safetensors.index.json', {
      error: NotFoundError,
      says: ['shard is missing', 'no "s2.safetensors"'],
    });
  });

  it('does not leave the folder', async () => {
    await folder('outside', { 'secret.safetensors': file });
    const index = { weight_map: { a: '../outside/secret.safetensors' } };
    const dir = await folder('traversal', { 'model.safetensors.index.json': JSON.stringify(index) });
    await expectRefusal(() => openTensorFolder(dir), 'model.safetensors.index.json', {
      error: FormatError,
      says: ['bad shard name', '../outside/secret.safetensors'],
    });
  });

  it('says what it looked for and what there is', async () => {
    const dir = await folder('other', { 'adapter.bin': 'x', 'config.json': '{}' });
    const says = [
      'no checkpoint in the folder',
      'expected model.safetensors or model.safetensors.index.json',
    ];
    await expectRefusal(() => openTensorFolder(dir), dir, {
      error: NotFoundError,
      says: [...says, 'received "adapter.bin", "config.json"'],
    });
    await expectRefusal(async () => openTensorFolder(await folder('none')), 'none', {
      error: NotFoundError,
      says: [...says, 'an empty folder'],
    });
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`${i + 10}.txt`, '']));
    await expectRefusal(async () => openTensorFolder(await folder('many', many)), 'many', {
      error: NotFoundError,
      says: [...says, '30 others: "10.txt"', '"19.txt", …'],
    });
  });

  it('names a folder that does not exist', async () => {
    await expectRefusal(() => openTensorFolder(join(root, 'nowhere')), 'nowhere', {
      error: NotFoundError,
      says: ['cannot list the folder', 'model.safetensors'],
    });
  });
});

describe('writeSafetensorsFile', () => {
  it('writes the bytes of encodeSafetensors and leaves nothing else', async () => {
    const dir = await folder('written');
    const path = join(dir, 'model.safetensors');
    await writeSafetensorsFile(path, tensors, { format: 'pt' });
    expect(new Uint8Array(await readFile(path))).toEqual(file);
    expect(await readdir(dir)).toEqual(['model.safetensors']);
    const source = await openTensorFolder(dir);
    expect(await source.readFloat32('a')).toEqual(new Float32Array([1, 2]));
    await source.close();
  });

  it('replaces a file, and keeps it when it refuses the new one', async () => {
    const dir = await folder('replaced', { 'm.safetensors': 'old' });
    const path = join(dir, 'm.safetensors');
    const refused = new Map([['__metadata__', tensors.get('a')!]]);
    expect(await failureOf(() => writeSafetensorsFile(path, refused))).toBeInstanceOf(InvalidInputError);
    expect(await readFile(path, 'utf8')).toBe('old');
    await writeSafetensorsFile(path, tensors);
    expect((await readFile(path)).byteLength).toBeGreaterThan(3);
    expect(await readdir(dir)).toEqual(['m.safetensors']);
  });

  it('removes its temporary file when the last step fails', async () => {
    const dir = await folder('failing');
    await mkdir(join(dir, 'taken.safetensors'));
    await writeFile(join(dir, 'taken.safetensors', 'x'), '');
    const error = await failureOf(() => writeSafetensorsFile(join(dir, 'taken.safetensors'), tensors));
    expect((error as NodeJS.ErrnoException).code).toMatch(/EISDIR|ENOTEMPTY|EEXIST|EPERM/);
    expect(await readdir(dir)).toEqual(['taken.safetensors']);
  });

  it('removes its temporary file when a tensor cannot be written', async () => {
    const dir = await folder('failing-tensor');
    const data = new Float32Array(4);
    const bad = new Map<string, Tensor>([['w', new Tensor('F32', [4], data)]]);
    const promise = writeSafetensorsFile(join(dir, 'm.safetensors'), bad);
    data.buffer.transfer(); // detaches the array that is about to be written
    await expectRefusal(() => promise, 'm.safetensors', {
      error: InvalidInputError,
      says: ['the data of a tensor shrank', 'bytes, received'],
    });
    expect(await readdir(dir)).toEqual([]);
  });

  it('names a folder that does not exist', async () => {
    const path = join(root, 'nowhere', 'm.safetensors');
    await expectRefusal(() => writeSafetensorsFile(path, tensors), path, {
      error: NotFoundError,
      says: ['no such folder', 'expected an existing folder'],
    });
  });
});
