import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensorsFile, writeSafetensorsFolder } from '@bitcliff/formats/node';
import type { Benchmark } from '../benchmark.ts';
import { interleave } from '../interleave.ts';
import { weightTensors } from './tensors.ts';

const TENSORS = 16;
const ELEMENTS = 2 ** 22; // 16 MiB each

/** All three end with fsync; the disk decides most of the time. */
export const writeSafetensors: Benchmark = {
  name: 'write-safetensors',
  title: `write ${TENSORS} F32 tensors of ${(ELEMENTS * 4) / 2 ** 20} MiB, in one file and in four shards`,
  baseline: 'fs.write of the same arrays, and fsync',
  async run(folder, options) {
    const tensors = weightTensors(TENSORS, ELEMENTS);
    const totalBytes = TENSORS * ELEMENTS * 4;
    const contenders = {
      raw: async () => {
        const file = await open(join(folder, 'raw.bin'), 'w');
        for (const { data } of tensors.values()) await file.write(data);
        await file.sync();
        await file.close();
        await rm(join(folder, 'raw.bin'));
        return 1;
      },
      writeSafetensorsFile: async () => {
        const path = join(folder, 'one.safetensors');
        await writeSafetensorsFile(path, tensors);
        await rm(path);
        return 1;
      },
      writeSafetensorsFolder: async () => {
        const dir = join(folder, 'shards');
        const lazy = [...tensors].map(([name, tensor]) => {
          return { name, dtype: tensor.dtype, shape: tensor.shape, data: () => tensor };
        });
        await writeSafetensorsFolder(dir, lazy, { maxShardBytes: totalBytes / 4 });
        await rm(dir, { recursive: true });
        return 1;
      },
    };
    return interleave(contenders, 'raw', {
      ...options,
      rounds: options.rounds ?? 9,
      warmups: options.warmups ?? 1,
    });
  },
};
