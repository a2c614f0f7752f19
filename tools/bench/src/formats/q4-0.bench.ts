import { dequantizeBlocks, quantizeBlocks } from '@bitcliff/formats';
import type { Benchmark } from '../benchmark.ts';
import { interleave } from '../interleave.ts';
import { weightValues } from './tensors.ts';

const ELEMENTS = 2 ** 23;

/** Q4_0 has one scale for 32 elements; the plain loop has one for all, which is the least work that gives as many numbers. */
export const q40Dequantize: Benchmark = {
  name: 'q4-0-dequantize',
  title: `Q4_0 to float32, ${ELEMENTS} elements`,
  baseline: 'a loop out[i] = codes[i] * scale over int8 codes',
  async run(_, options) {
    const blocks = quantizeBlocks('Q4_0', weightValues(ELEMENTS));
    const codes = Int8Array.from({ length: ELEMENTS }, (_, i) => (i % 16) - 8);
    const contenders = {
      loop: () => {
        const out = new Float32Array(ELEMENTS);
        for (let i = 0; i < out.length; i++) out[i] = codes[i]! * 0.0625;
        return out[99]!;
      },
      dequantizeBlocks: () => dequantizeBlocks('Q4_0', blocks)[99]!,
    };
    return interleave(contenders, 'loop', options);
  },
};

/** Quantizing needs the largest element of a block before its first code: two passes. */
export const q40Quantize: Benchmark = {
  name: 'q4-0-quantize',
  title: `float32 to Q4_0, ${ELEMENTS} elements`,
  baseline: 'a loop codes[i] = values[i] * inverse + 8.5 into bytes',
  async run(_, options) {
    const values = weightValues(ELEMENTS);
    const contenders = {
      loop: () => {
        const codes = new Uint8Array(ELEMENTS);
        for (let i = 0; i < codes.length; i++) codes[i] = values[i]! * 80 + 8.5;
        return codes[99]!;
      },
      quantizeBlocks: () => quantizeBlocks('Q4_0', values)[99]!,
    };
    return interleave(contenders, 'loop', options);
  },
};
