import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { openSafetensorsFile, writeSafetensorsFile } from '@bitcliff/formats/node';
import type { Benchmark } from '../benchmark.ts';
import { interleave } from '../interleave.ts';
import { weightTensors } from './tensors.ts';

const TENSORS = 64;
const ELEMENTS = 2 ** 22; // 16 MiB each

/** The file is in the page cache after the warm-up: the ratio shows what the reader adds, not the disk. */
export const readF32: Benchmark = {
  name: 'read-f32',
  title: `read ${TENSORS} F32 tensors of ${(ELEMENTS * 4) / 2 ** 20} MiB, 1 GiB together`,
  baseline: 'fs.read of the same ranges into new arrays',
  targets: { readFloat32: 0.8 },
  async run(folder, options) {
    const path = join(folder, 'one-gib.safetensors');
    await writeSafetensorsFile(path, weightTensors(TENSORS, ELEMENTS));
    const file = await open(path);
    const tensors = await openSafetensorsFile(path);
    const names = tensors.names();
    const dataStart = (await file.stat()).size - TENSORS * ELEMENTS * 4;
    const contenders = {
      raw: async () => {
        let sum = 0;
        for (let i = 0; i < TENSORS; i++) {
          const values = new Float32Array(ELEMENTS);
          await file.read(values, 0, values.byteLength, dataStart + i * ELEMENTS * 4);
          sum += values[i]!;
        }
        return sum;
      },
      readFloat32: async () => {
        let sum = 0;
        for (const [i, name] of names.entries()) sum += (await tensors.readFloat32(name))[i]!;
        return sum;
      },
    };
    try {
      return await interleave(contenders, 'raw', { ...options, rounds: options.rounds ?? 9 });
    } finally {
      await tensors.close();
      await file.close();
    }
  },
};
