import { createRng } from '@bitcliff/core';
import { decodeBF16, decodeF16, encodeBF16, encodeF16 } from '@bitcliff/formats';
import { init, jit, numpy as np } from '@jax-js/jax';
import { beforeAll, expect, test } from 'vitest';
import { ROUNDINGS } from './precision.ts';

beforeAll(async () => void (await init('wasm')));

const bitsOf = (values: Float32Array): Uint32Array =>
  new Uint32Array(values.buffer, values.byteOffset, values.length);

/** Every 16-bit code as float32, the ties between neighbours, what lies beside the ties, and a million random bit patterns. */
function inputs(decode: (codes: Uint16Array) => Float32Array): Float32Array<ArrayBuffer> {
  const codes = decode(Uint16Array.from({ length: 2 ** 16 }, (_, i) => i));
  const patterns: number[] = [...bitsOf(codes)];
  for (let i = 0; i + 1 < codes.length; i++) {
    const middle = Math.fround((codes[i]! + codes[i + 1]!) / 2);
    const bits = bitsOf(Float32Array.of(middle))[0]!;
    patterns.push(bits, (bits + 1) >>> 0, (bits - 1) >>> 0);
  }
  const rng = createRng(11);
  for (let i = 0; i < 1_000_000; i++) patterns.push(rng.uint32());
  for (const special of [0, 0x80000000, 0x7f800000, 0xff800000, 0x7f800001, 0xffc12345, 1, 0x80000001])
    patterns.push(special);
  return new Float32Array(Uint32Array.from(patterns).buffer);
}

test.each([
  ['bf16', (x: Float32Array) => decodeBF16(encodeBF16(x)), decodeBF16],
  ['fp16', (x: Float32Array) => decodeF16(encodeF16(x)), decodeF16],
] as const)('%s rounds to the bits of the codec of @bitcliff/formats', (precision, codec, decode) => {
  const x = inputs(decode);
  const expected = bitsOf(codec(x));
  for (const round of [ROUNDINGS[precision], jit(ROUNDINGS[precision])]) {
    const actual = bitsOf(round(np.array(x.slice())).dataSync() as Float32Array);
    let different = 0;
    let first = '';
    for (let i = 0; i < x.length; i++) {
      if (actual[i] === expected[i]) continue;
      if (different++ === 0)
        first = `${bitsOf(x)[i]!.toString(16)} gave ${actual[i]!.toString(16)}, not ${expected[i]!.toString(16)}`;
    }
    expect(different, first).toBe(0);
  }
});

test('f32 changes nothing', () => {
  expect(ROUNDINGS.f32(np.array([0.1, 65520])).js()).toEqual([Math.fround(0.1), 65520]);
});
