import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  BitcliffError,
  createRng,
  FormatError,
  InvalidInputError,
  NotFoundError,
  Tensor,
  UnsupportedError,
} from '@bitcliff/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefusal, failureOf } from '../test/hostile.ts';
import { serveRange, startServer } from '../test/http-server.ts';
import { encodeNpy } from './encode-npy.ts';
import { encodeSafetensors } from './encode-safetensors.ts';
import { encodeGguf } from './gguf/encode-gguf.ts';
import { memorySource } from './memory-source.ts';
import { openTensorFolder } from './node.ts';
import { encodeNpz } from './npz/encode-npz.ts';
import { OnnxGraph } from './onnx/onnx-graph.ts';
import { openTensors } from './open-tensors.node.ts';
import { DETECT_BYTES, detectFormat, openTensorSource } from './open-tensors.ts';
import { writeSafetensorsFolder } from './write-safetensors-folder.node.ts';
import { encodeZip } from './zip/encode-zip.ts';

const w = new Tensor('F32', [2, 2], new Float32Array([1, 2, 3, 4]));
const text = (content: string): Uint8Array => new TextEncoder().encode(content);
const data = new Uint8Array(w.data.buffer);
const TORCH_FIXTURE = new URL('./torch/__fixtures__/protocol-2.pt', import.meta.url);

function onnxModel(external = false): Uint8Array {
  const g = new OnnxGraph('g');
  g.output(g.node('Identity', [g.constant('w', w, { external })]), 'F32', [2, 2]);
  return g.encode({ opset: 21 });
}

const files: Record<string, { bytes: Uint8Array; format: string; name: string }> = {
  safetensors: { bytes: encodeSafetensors(new Map([['w', w]])), format: 'safetensors', name: 'w' },
  gguf: {
    bytes: encodeGguf({ fields: new Map(), tensors: [{ name: 'w', shape: [2, 2], type: 'F32', data }] }),
    format: 'gguf',
    name: 'w',
  },
  npz: { bytes: encodeNpz(new Map([['w', w]])), format: 'zip', name: 'w' },
  npy: { bytes: encodeNpy(w), format: 'npy', name: 'tensor' },
  onnx: { bytes: onnxModel(), format: 'onnx', name: 'w' },
};

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bitcliff-open-'));
});
afterAll(() => rm(root, { recursive: true }));

describe.each(Object.keys(files))('a file that is %s', (kind) => {
  const { bytes, format, name } = files[kind]!;

  it('is told by its first bytes and opened, whatever it is called', async () => {
    expect(detectFormat(bytes.subarray(0, DETECT_BYTES))).toBe(format);
    const path = join(root, `${kind}.wrong-extension`);
    await writeFile(path, bytes);
    for (const tensors of [
      await openTensorSource(memorySource(bytes, 'some file')),
      await openTensors(path),
      await openTensors(pathToFileURL(path).href),
    ]) {
      expect(tensors.names()).toEqual([name]);
      expect(tensors.info(name).shape).toEqual([2, 2]);
      expect(await tensors.readFloat32(name)).toEqual(new Float32Array([1, 2, 3, 4]));
      expect((await tensors.read(name, { range: { start: 1, end: 3 } })).data).toEqual(
        new Float32Array([2, 3]),
      );
      await tensors.close();
    }
  });
});

describe('openTensorSource', () => {
  it('opens a PyTorch checkpoint', async () => {
    const bytes = new Uint8Array(await readFile(TORCH_FIXTURE));
    expect(detectFormat(bytes)).toBe('zip');
    const tensors = await openTensorSource(memorySource(bytes, 'model.bin'));
    expect(tensors.names().length).toBeGreaterThan(0);
  });

  it('names what a pickle is', async () => {
    const legacy = new Uint8Array([
      0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e,
    ]);
    expect(detectFormat(legacy)).toBe('pickle');
    await expectRefusal(() => openTensorSource(memorySource(legacy, 'old.pt')), 'old.pt', {
      error: UnsupportedError,
      says: ['legacy PyTorch checkpoint'],
    });
  });

  it('says how to open an ONNX model with external data', async () => {
    await expectRefusal(() => openTensorSource(memorySource(onnxModel(true), 'x.onnx')), 'x.onnx', {
      error: UnsupportedError,
      says: ['data is outside the model', 'openOnnxFile'],
    });
  });

  it('refuses a zip file of other things', async () => {
    const zip = encodeZip(new Map(['a.txt', 'b', 'c', 'd', 'e'].map((name) => [name, text(name)])));
    await expectRefusal(() => openTensorSource(memorySource(zip, 'x.zip')), 'x.zip', {
      error: FormatError,
      says: ['a zip file without tensors', 'data.pkl', '5 entries: "a.txt", "b"', '…'],
    });
  });

  it.each([
    ['an empty file', '', 'received an empty file'],
    ['text', 'hello, world', 'received bytes 68 65 6c 6c 6f 2c 20 77'],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:00', 'run git lfs pull'],
    ['a web page', '<!DOCTYPE html><html>', 'The server sent a page'],
    ['JSON', '{"weight_map": {}}', 'received JSON'],
    ['a legacy ggml file', 'tjgg\x03', 'received a legacy ggml file'],
    ['gzip', new Uint8Array([0x1f, 0x8b, 8, 0]), 'Decompress it first'],
    ['a varint that is no ir_version', new Uint8Array([8, 21, 0x12, 4]), 'received bytes 08 15 12 04'],
    ['a field that no model has', new Uint8Array([8, 10, 0x13, 4]), 'received bytes 08 0a 13 04'],
  ])('refuses %s and lists what it knows', async (_, content, says) => {
    const bytes = typeof content === 'string' ? text(content) : content;
    await expectRefusal(() => openTensorSource(memorySource(bytes, 'some file')), 'some file', {
      error: FormatError,
      says: ['expected a safetensors, GGUF, PyTorch, NPZ, NPY or ONNX file', says],
    });
  });

  it('gives one format or a FormatError for 20000 mutated beginnings, and opens or refuses the file', async () => {
    const rng = createRng(77);
    const good = Object.values(files).map(({ bytes }) => bytes);
    let refused = 0;
    for (let n = 0; n < 20_000; n++) {
      const bytes = rng.pick(good).slice();
      for (let edits = 1 + rng.int(2); edits > 0; edits--)
        bytes[rng.int(12)] = rng.pick([0, 2, 8, 0x7b, 0x80, rng.int(256)]);
      const cut = rng.int(4) === 0 ? bytes.subarray(0, rng.int(24)) : bytes;
      try {
        const format = detectFormat(cut.subarray(0, DETECT_BYTES), 'fuzz');
        expect(['safetensors', 'gguf', 'zip', 'pickle', 'npy', 'onnx']).toContain(format);
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
        refused++;
      }
      if (n % 4 > 0) continue;
      const error = await openTensorSource(memorySource(cut, 'fuzz')).then(
        () => undefined,
        (e: unknown) => e,
      );
      if (error !== undefined && !BitcliffError.isInstance(error)) throw error;
    }
    expect(refused).toBeGreaterThan(1000);
    expect(refused).toBeLessThan(19_000);
  });
});

describe('openTensors', () => {
  it('opens a folder: safetensors, shards, PyTorch, and the only GGUF file', async () => {
    const dir = (name: string) => join(root, name);
    const lazy = (name: string) => ({ name, dtype: 'F32' as const, shape: [2, 2], data: () => w });
    await writeSafetensorsFolder(dir('single'), [lazy('w')]);
    await writeSafetensorsFolder(dir('sharded'), [lazy('w'), lazy('x')], { maxShardBytes: 16 });
    for (const name of ['torch', 'gguf-only']) await mkdir(dir(name));
    await copyFile(TORCH_FIXTURE, join(dir('torch'), 'pytorch_model.bin'));
    await writeFile(join(dir('gguf-only'), 'm.Q8_0.gguf'), files.gguf!.bytes);
    for (const name of ['single', 'sharded', 'gguf-only']) {
      await writeFile(join(dir(name), 'config.json'), '{}');
      const tensors = await openTensors(dir(name));
      expect(await tensors.readFloat32('w')).toEqual(new Float32Array([1, 2, 3, 4]));
      await tensors.close();
    }
    const torch = await openTensors(dir('torch'));
    expect(torch.names().length).toBeGreaterThan(0);
    await torch.close();
    const byIndex = await openTensors(join(dir('sharded'), 'model.safetensors.index.json'));
    expect(byIndex.names()).toEqual(['w', 'x']);
    await byIndex.close();
    await writeFile(join(dir('gguf-only'), 'm.Q4_0.gguf'), files.gguf!.bytes);
    await expectRefusal(() => openTensorFolder(dir('gguf-only')), 'gguf-only', {
      error: InvalidInputError,
      says: ['several GGUF files', '"m.Q4_0.gguf", "m.Q8_0.gguf"', 'Open one by its path'],
    });
  });

  it('opens the shards of a PyTorch index', async () => {
    const dir = join(root, 'torch-shards');
    await mkdir(dir);
    await copyFile(TORCH_FIXTURE, join(dir, 'part.bin'));
    const [name] = (await openTensors(join(dir, 'part.bin'))).names();
    const index = { metadata: {}, weight_map: { [name!]: 'part.bin' } };
    await writeFile(join(dir, 'pytorch_model.bin.index.json'), JSON.stringify(index));
    for (const path of [dir, join(dir, 'pytorch_model.bin.index.json')]) {
      const tensors = await openTensors(path);
      expect(tensors.names()).toEqual([name]);
      await tensors.close();
    }
  });

  it('opens a URL by range', async () => {
    const server = await startServer();
    server.answer = (request, response) => serveRange(files.npz!.bytes, request, response);
    const tensors = await openTensors(`${server.url}/x`);
    expect(await tensors.readFloat32('w')).toEqual(new Float32Array([1, 2, 3, 4]));
    server.answer = (_, response) => response.writeHead(404).end();
    expect(await failureOf(() => openTensors(`${server.url}/y`))).toBeInstanceOf(NotFoundError);
    const byResolver = { resolvers: { my: () => `${server.url}/z` } };
    expect(await failureOf(() => openTensors('my:thing', byResolver))).toBeInstanceOf(NotFoundError);
    await server.close();
  });

  it('asks the resolver of a scheme, once', async () => {
    const path = join(root, 'resolved.bin');
    await writeFile(path, files.npy!.bytes);
    const seen: string[] = [];
    const resolvers = {
      hf: async (uri: string) => {
        seen.push(uri);
        return path;
      },
      loop: (uri: string) => uri,
    };
    const tensors = await openTensors('HF:org/name@main', { resolvers });
    expect(tensors.names()).toEqual(['tensor']);
    await tensors.close();
    expect(seen).toEqual(['HF:org/name@main']);
    expect(await failureOf(() => openTensors('loop:x', { resolvers }))).toBeInstanceOf(NotFoundError);
    await expectRefusal(() => openTensors('s3:x', { resolvers }), 's3:x', {
      error: InvalidInputError,
      says: ['unknown scheme', 'one of: file, http, https, hf, loop', 'write ./ before it'],
    });
    await expectRefusal(() => openTensors('hf:org/name'), 'hf:org/name', {
      error: InvalidInputError,
      says: ['resolveHub of @bitcliff/formats/hub'],
    });
    expect(await failureOf(() => openTensors('toString:x'))).toBeInstanceOf(InvalidInputError);
  });

  it('names what is missing or no tensor file', async () => {
    await expectRefusal(() => openTensors(join(root, 'nothing')), 'nothing', {
      error: NotFoundError,
      says: ['no such file'],
    });
    const path = join(root, 'notes.safetensors');
    await writeFile(path, 'just text');
    await expectRefusal(() => openTensors(path), 'notes.safetensors', {
      error: FormatError,
      says: ['not a tensor file'],
    });
    await mkdir(join(root, 'hollow'));
    await expectRefusal(() => openTensors(join(root, 'hollow')), 'hollow', {
      error: NotFoundError,
      says: ['no checkpoint in the folder', 'an empty folder'],
    });
  });
});
