import { decodeBF16, decodeF16, encodeBF16, encodeF16 } from '@bitcliff/formats';
import type { Benchmark } from '../benchmark.ts';
import { interleave } from '../interleave.ts';
import { weightValues } from './tensors.ts';

const ELEMENTS = 2 ** 24; // 64 MiB of float32: larger than the caches

/** Both into memory that was used before, so that neither pays for new pages. */
export const widen16Bit: Benchmark = {
  name: 'widen-16-bit',
  title: `BF16 and F16 to float32, ${ELEMENTS} elements`,
  baseline: 'Float32Array.set of the output',
  targets: { decodeBF16: 0.5, decodeF16: 0.5 },
  async run(_, options) {
    const values = weightValues(ELEMENTS);
    const [brain, half] = [encodeBF16(values), encodeF16(values)];
    const out = new Float32Array(ELEMENTS).fill(1);
    const contenders = {
      copy: () => {
        out.set(values);
        return out[99]!;
      },
      decodeBF16: () => decodeBF16(brain, out)[99]!,
      decodeF16: () => decodeF16(half, out)[99]!,
    };
    return interleave(contenders, 'copy', { ...options, rounds: options.rounds ?? 31 });
  },
};
