import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Tensor } from '@bitcliff/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTensors } from '../open-tensors.node.ts';
import { OnnxGraph } from './onnx-graph.ts';
import { openOnnxFile } from './open-onnx-file.node.ts';
import { writeOnnxFile } from './write-onnx-file.node.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-onnx-'));
});
afterEach(() => rm(folder, { recursive: true }));

function linear(externalName: string): OnnxGraph {
  const g = new OnnxGraph('linear');
  const w = g.constant(externalName, new Tensor('F32', [2, 2], Float32Array.of(1, 2, 3, 4)), {
    external: true,
  });
  const b = g.constant('b', new Tensor('F32', [2], Float32Array.of(5, 6)));
  g.output(g.node('Gemm', [g.input('x', 'F32', ['rows', 2]), w, b]), 'F32', ['rows', 2]);
  return g;
}

describe('writeOnnxFile', () => {
  it('writes the model and its external data, which open again', async () => {
    const path = join(folder, 'model.onnx');
    await writeOnnxFile(path, linear('w.bin'), { opset: 21 });
    expect((await readdir(folder)).sort()).toEqual(['model.onnx', 'w.bin']);
    const tensors = await openOnnxFile(path);
    expect([...(await tensors.readFloat32('w.bin'))]).toEqual([1, 2, 3, 4]);
    expect([...(await tensors.readFloat32('b'))]).toEqual([5, 6]);
    await tensors.close();
  });

  it.each(['../w', 'a/b', '..', 'model.onnx'])(
    'refuses external data called %j, and writes nothing',
    async (name) => {
      await expect(writeOnnxFile(join(folder, 'model.onnx'), linear(name), { opset: 21 })).rejects.toThrow(
        'the name of an external constant cannot be a file beside the model',
      );
      expect(await readdir(folder)).toEqual([]);
    },
  );

  it('leaves nothing behind when the folder is missing, or a name is taken by a folder', async () => {
    const missing = join(folder, 'none', 'm.onnx');
    await expect(writeOnnxFile(missing, linear('w.bin'), { opset: 21 })).rejects.toThrow('no such folder');
    await mkdir(join(folder, 'w.bin'));
    await expect(writeOnnxFile(join(folder, 'm.onnx'), linear('w.bin'), { opset: 21 })).rejects.toThrow();
    expect(await readdir(folder)).toEqual(['w.bin']);
  });

  it('opens by openTensors, external data included', async () => {
    const path = join(folder, 'model.onnx');
    await writeOnnxFile(path, linear('w.bin'), { opset: 21 });
    const tensors = await openTensors(path);
    expect([...(await tensors.readFloat32('w.bin'))]).toEqual([1, 2, 3, 4]);
    await tensors.close();
  });
});
