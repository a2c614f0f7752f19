/**
 * @file The K-quants once more, slowly and straight from the layout table of quant-spec.md B.7: a block is a string of bits,
 * each element looks its own bits up. Compared on random blocks of any bytes.
 */
import { createRng } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { roundToF16 } from '../index.ts';
import { BLOCK_FORMATS } from './block-formats.ts';

type Bits = (byte: number, bit: number, count: number) => number;

/** Bits of a block: `count` of them, the lowest first, from bit `bit` of byte `byte`. */
const bitsOf =
  (block: Uint8Array): Bits =>
  (byte, bit, count) => {
    let value = 0;
    for (let k = 0; k < count; k++) value += ((block[byte]! >> (bit + k)) & 1) * 2 ** k;
    return value;
  };

/** F16 by its definition: sign, 5 bits of exponent, 10 of fraction. */
const f16 = (bits: Bits, byte: number) => {
  const sign = bits(byte + 1, 7, 1) === 1 ? -1 : 1;
  const exponent = bits(byte + 1, 2, 5);
  const fraction = bits(byte, 0, 8) + 256 * bits(byte + 1, 0, 2);
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
};

/** 6-bit scale and minimum of sub-block j, the table of Q4_K and Q5_K; the 12 bytes start at 4. */
const scaleOf = (bits: Bits, j: number) =>
  j < 4 ? bits(4 + j, 0, 6) : bits(8 + j, 0, 4) + 16 * bits(j, 6, 2);
const minOf = (bits: Bits, j: number) =>
  j < 4 ? bits(8 + j, 0, 6) : bits(8 + j, 4, 4) + 16 * bits(4 + j, 6, 2);

const signed = (byte: number) => (byte > 127 ? byte - 256 : byte);

/** Element i of a block. */
const plain: Record<'Q2_K' | 'Q3_K' | 'Q4_K' | 'Q5_K' | 'Q6_K', (bits: Bits, i: number) => number> = {
  Q2_K(bits, i) {
    const group = Math.floor(i / 16); // scales nibbles
    const [half, within] = [Math.floor(i / 128), i % 128];
    const q = bits(16 + 32 * half + (within % 32), 2 * Math.floor(within / 32), 2);
    return f16(bits, 80) * bits(group, 0, 4) * q - f16(bits, 82) * bits(group, 4, 4);
  },
  Q3_K(bits, i) {
    const group = Math.floor(i / 16);
    const [half, within] = [Math.floor(i / 128), i % 128];
    const low = bits(32 + 32 * half + (within % 32), 2 * Math.floor(within / 32), 2);
    const high = bits(i % 32, Math.floor(i / 32), 1);
    const scale =
      bits(96 + (group % 8), group < 8 ? 0 : 4, 4) +
      16 * bits(104 + (group % 4), 2 * Math.floor(group / 4), 2);
    return f16(bits, 108) * (scale - 32) * (low + 4 * high - 4);
  },
  Q4_K(bits, i) {
    const [j, l] = [Math.floor(i / 32), i % 32]; // sub-block, place in it
    const q = bits(16 + 32 * Math.floor(j / 2) + l, j % 2 === 0 ? 0 : 4, 4);
    return f16(bits, 0) * scaleOf(bits, j) * q - f16(bits, 2) * minOf(bits, j);
  },
  Q5_K(bits, i) {
    const [j, l] = [Math.floor(i / 32), i % 32];
    const q = bits(48 + 32 * Math.floor(j / 2) + l, j % 2 === 0 ? 0 : 4, 4) + 16 * bits(16 + l, j, 1);
    return f16(bits, 0) * scaleOf(bits, j) * q - f16(bits, 2) * minOf(bits, j);
  },
  Q6_K(bits, i) {
    const [half, row, l] = [Math.floor(i / 128), Math.floor((i % 128) / 32), i % 32];
    const low = bits(64 * half + 32 * (row % 2) + l, row < 2 ? 0 : 4, 4);
    const high = bits(128 + 32 * half + l, 2 * row, 2);
    const scale = signed(bits(192 + Math.floor(i / 16), 0, 8));
    return f16(bits, 208) * scale * (low + 16 * high - 32);
  },
};

/** Bytes of the F16 scales of a block; their exponent is kept below that of infinity. */
const HALVES = { Q2_K: [80, 82], Q3_K: [108], Q4_K: [0, 2], Q5_K: [0, 2], Q6_K: [208] } as const;

describe.each(Object.keys(plain) as (keyof typeof plain)[])('%s', (name) => {
  it('equals the plain reading of the layout table, bit by bit', () => {
    const rng = createRng(11);
    const { bytesPerBlock, dequantize } = BLOCK_FORMATS[name];
    const out = new Float32Array(256);
    for (let n = 0; n < 200; n++) {
      const block = new Uint8Array(bytesPerBlock).map(() => rng.int(256));
      for (const at of HALVES[name]) if ((block[at + 1]! & 0x7c) === 0x7c) block[at + 1]! ^= 0x40;
      dequantize(block, out);
      const bits = bitsOf(block);
      for (let i = 0; i < 256; i++) {
        const expected = Math.fround(plain[name](bits, i));
        if (!(out[i] === expected)) expect(out[i], `element ${i} of block ${n}`).toBe(expected);
      }
    }
  });
});

it('reads F16 by its definition', () => {
  const bits = bitsOf(new Uint8Array([0x66, 0x2e]));
  expect(f16(bits, 0)).toBe(roundToF16(0.1));
});
