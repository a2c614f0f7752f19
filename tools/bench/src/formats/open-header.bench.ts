import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Tensor } from '@bitcliff/core';
import { openSafetensorsFile, writeSafetensorsFile } from '@bitcliff/formats/node';
import type { Benchmark } from '../benchmark.ts';
import { interleave } from '../interleave.ts';

const TENSORS = 5000;

/** Opening checks every name, shape and offset; reading and `JSON.parse` alone check nothing. */
export const openHeader: Benchmark = {
  name: 'open-header',
  title: `open a safetensors file of ${TENSORS} tensors`,
  baseline: 'fs.read of the header and JSON.parse',
  async run(folder, options) {
    const path = join(folder, 'many.safetensors');
    const one = new Tensor('F32', [8, 8], new Float32Array(64));
    const names = Array.from({ length: TENSORS }, (_, i) => `model.layers.${i % 100}.block.${i}.weight`);
    await writeSafetensorsFile(path, new Map(names.map((name) => [name, one])));
    const contenders = {
      raw: async () => {
        const file = await open(path);
        const length = new BigUint64Array(1);
        await file.read(length, 0, 8, 0);
        const header = new Uint8Array(Number(length[0]));
        await file.read(header, 0, header.length, 8);
        await file.close();
        return Object.keys(JSON.parse(new TextDecoder().decode(header))).length;
      },
      openSafetensorsFile: async () => {
        const tensors = await openSafetensorsFile(path);
        await tensors.close();
        return tensors.names().length;
      },
    };
    return interleave(contenders, 'raw', options);
  },
};
