import { createRng } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { decodeBF16, decodeBF16Loop } from '../bf16.ts';
import { decodeF16, decodeF16Loop } from '../f16.ts';
import { createWidenKernels, SIMD_CHUNK, SIMD_WORTHWHILE, widenKernels } from './widen-simd.ts';

/** All codes in order, then random ones, most of them normal numbers, over several chunks. */
function manyCodes(): Uint16Array {
  const rng = createRng(5);
  const codes = Uint16Array.from({ length: 65536 + 3 * SIMD_CHUNK + 5 }, (_, i) => i);
  for (let i = 65536; i < codes.length; i++) {
    codes[i] = rng.int(20) === 0 ? rng.int(65536) : 0x2c00 + rng.int(1024);
  }
  return codes;
}

describe('vectorised widening', () => {
  it('runs on this machine', () => {
    expect(widenKernels()).not.toBeNull();
  });

  it('gives the bits of the plain loops for all codes, NaN payloads too', () => {
    const codes = manyCodes();
    const { f16, bf16 } = widenKernels()!;
    const [fast, plain] = [new Uint32Array(codes.length), new Uint32Array(codes.length)];
    f16(codes, fast);
    decodeF16Loop(codes, new Float32Array(plain.buffer));
    expect([...codes.keys()].filter((i) => fast[i] !== plain[i])).toEqual([]);
    bf16(codes, fast);
    decodeBF16Loop(codes, plain);
    expect([...codes.keys()].filter((i) => fast[i] !== plain[i])).toEqual([]);
  });

  it.each([0, 1, 7, 8, 9, SIMD_WORTHWHILE, SIMD_CHUNK - 1, SIMD_CHUNK, SIMD_CHUNK + 1])(
    'writes %d numbers and nothing around them',
    (count) => {
      const codes = manyCodes().subarray(1001, 1001 + count);
      for (const decode of [decodeF16, decodeBF16]) {
        const out = new Float32Array(count + 2).fill(7);
        decode(codes, out.subarray(1, count + 1));
        expect([out[0], out[count + 1]]).toEqual([7, 7]);
        const each = Array.from(codes, (code) => decode(new Uint16Array([code]))[0]);
        expect([...out.subarray(1, count + 1)]).toEqual(each);
      }
    },
  );

  it('is absent where there is no WebAssembly, or it is forbidden', () => {
    expect(createWidenKernels({})).toBeNull();
    const Module = function refuse() {
      throw new Error('blocked by a content security policy');
    };
    expect(createWidenKernels({ WebAssembly: { Module, Instance: Module } })).toBeNull();
  });
});
