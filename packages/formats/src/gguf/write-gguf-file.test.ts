import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FormatError, InvalidInputError, NotFoundError, type ProgressEvent } from '@bitcliff/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectRefusal, failureOf } from '../../test/hostile.ts';
import { encodeGguf } from './encode-gguf.ts';
import type { GgufValue } from './gguf-value.ts';
import { openGgufFile } from './open-gguf-file.node.ts';
import { quantizeBlocks } from './quantize-blocks.ts';
import { type StreamedGgufTensor, writeGgufFile } from './write-gguf-file.node.ts';

let root: string;
let dir: string;
let path: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bitcliff-gguf-'));
});
beforeEach(async () => {
  dir = await mkdtemp(join(root, 'case-'));
  path = join(dir, 'model.gguf');
});
afterAll(() => rm(root, { recursive: true }));

const fields = new Map<string, GgufValue>([
  ['general.architecture', { type: 'string', value: 'llama' }],
  ['general.quantization_version', { type: 'u32', value: 2 }],
]);
const values = new Float32Array(1024).map((_, i) => Math.sin(i));
const types = ['F32', 'F16', 'BF16', 'Q8_0', 'Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q4_K', 'Q5_K', 'Q6_K'] as const;
const tensors = types.map((type) => ({ name: `w.${type}`, shape: [4, 256], type }));
const stream = (
  data = (type: (typeof types)[number]) => quantizeBlocks(type, values),
): StreamedGgufTensor[] => tensors.map((tensor) => ({ ...tensor, data: () => data(tensor.type) }));

describe('writeGgufFile', () => {
  it('writes the bytes of encodeGguf and leaves nothing else', async () => {
    await writeGgufFile(path, { fields, tensors: stream() });
    const whole = tensors.map((tensor) => ({ ...tensor, data: quantizeBlocks(tensor.type, values) }));
    expect(new Uint8Array(await readFile(path))).toEqual(encodeGguf({ fields, tensors: whole }));
    expect(await readdir(dir)).toEqual(['model.gguf']);
    const file = await openGgufFile(path);
    expect(file.name).toBe(path);
    for (const { name, data } of whole) expect(new Uint8Array(await file.readBytes(name))).toEqual(data);
    expect(await file.readFloat32('w.F32')).toEqual(values);
    await file.close();
  });

  it('takes asynchronous tensors and data, one at a time and in order', async () => {
    const calls: string[] = [];
    async function* asynchronous() {
      for (const { name, shape, type } of tensors) {
        const data = async () => {
          calls.push(`start ${name}`);
          await new Promise((resolve) => setTimeout(resolve, 1));
          calls.push(`end ${name}`);
          return quantizeBlocks(type, values);
        };
        yield { name, shape, type, data };
      }
    }
    const events: ProgressEvent[] = [];
    const onProgress = (event: ProgressEvent) => void events.push(event);
    await writeGgufFile(path, { fields, tensors: asynchronous() }, { onProgress });
    expect(calls).toEqual(tensors.flatMap(({ name }) => [`start ${name}`, `end ${name}`]));
    expect(events.length).toBe(types.length);
    expect(events.at(-1)).toMatchObject({ phase: 'write', unit: 'bytes', detail: 'w.Q6_K' });
    expect(events.at(-1)!.done).toBe(events.at(-1)!.total);
    const other = join(dir, 'sync.gguf');
    await writeGgufFile(other, { fields, tensors: stream() });
    expect(await readFile(other)).toEqual(await readFile(path));
  });

  it('writes a file without tensors', async () => {
    await writeGgufFile(path, { fields, tensors: [] });
    const file = await openGgufFile(path);
    expect(file.fields).toEqual(fields);
    await file.close();
  });

  it('keeps the old file and removes its temporary one when data is wrong, missing or fails', async () => {
    await writeFile(path, 'old');
    const short = stream((type) => quantizeBlocks(type, values).subarray(type === 'Q4_0' ? 1 : 0));
    await expectRefusal(() => writeGgufFile(path, { fields, tensors: short }), 'w.Q4_0', {
      error: InvalidInputError,
      says: ['data does not fit the type and the shape', 'a Uint8Array of 576 bytes', 'received 575'],
    });
    const none = stream(() => undefined as unknown as Uint8Array);
    expect(await failureOf(() => writeGgufFile(path, { fields, tensors: none }))).toBeInstanceOf(
      InvalidInputError,
    );
    const failing = stream((type) => {
      if (type === 'BF16') throw new RangeError('mine');
      return quantizeBlocks(type, values);
    });
    expect(await failureOf(() => writeGgufFile(path, { fields, tensors: failing }))).toBeInstanceOf(
      RangeError,
    );
    expect(await readdir(dir)).toEqual(['model.gguf']);
    expect(await readFile(path, 'utf8')).toBe('old');
  });

  it('stops at a signal, before the next tensor', async () => {
    const abort = new AbortController();
    const written: string[] = [];
    const onProgress = (event: ProgressEvent) => {
      written.push(event.detail!);
      if (event.detail === 'w.F16') abort.abort(new Error('stop'));
    };
    const options = { signal: abort.signal, onProgress };
    const error = await failureOf(() => writeGgufFile(path, { fields, tensors: stream() }, options));
    expect((error as Error).message).toBe('stop');
    expect(written).toEqual(['w.F32', 'w.F16']);
    expect(await readdir(dir)).toEqual([]);
  });

  it('refuses bad descriptions before it opens a file, and a folder that does not exist', async () => {
    const bad = [{ ...stream()[0]!, shape: [0] }];
    expect(await failureOf(() => writeGgufFile(path, { fields, tensors: bad }))).toBeInstanceOf(
      InvalidInputError,
    );
    expect(await readdir(dir)).toEqual([]);
    const nowhere = join(dir, 'nowhere', 'm.gguf');
    await expectRefusal(() => writeGgufFile(nowhere, { fields, tensors: [] }), nowhere, {
      error: NotFoundError,
      says: ['no such folder'],
    });
  });
});

describe('openGgufFile', () => {
  it('names a bad file and lets go of it', async () => {
    await writeFile(path, 'GGU');
    await expectRefusal(() => openGgufFile(path), path, {
      error: FormatError,
      says: ['file ends inside the magic'],
    });
    await expectRefusal(() => openGgufFile(`${path}x`), `${path}x`, {
      error: NotFoundError,
      says: ['no such file'],
    });
  });
});
