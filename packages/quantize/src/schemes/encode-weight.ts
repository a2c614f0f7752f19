/** @file Round weights to the nearest codes of a scheme: what the method `rtn` does, and the last step of others. */
import { InternalError } from '@bitcliff/core';
import {
  decodeE8M0,
  decodeF8E4M3,
  E2M1_MAX,
  encodeE2M1,
  encodeE8M0,
  encodeF8E4M3,
  encodeF8E5M2,
  F8_E4M3_MAX,
  F8_E5M2_MAX,
  quantizeBlocks,
} from '@bitcliff/formats';
import { type AffineOptions, groupRangesRef, type Matrix, quantizeAffineRef } from '@bitcliff/kernels';
import type {
  Float8Scheme,
  IntegerScheme,
  MxFp4Scheme,
  NvFp4Scheme,
  WeightScheme,
} from '../weight-scheme.ts';
import {
  dequantizeStored,
  type Float4Weight,
  type Float8Weight,
  type StoredWeight,
} from './stored-weight.ts';
import { transpose } from './transpose.ts';

/** The options of the affine kernels for an integer scheme. */
export function affineOptions(scheme: IntegerScheme): AffineOptions {
  const { bits, symmetric, grid, granularity, groupSize, rounding, scaleDtype } = scheme;
  const common = { bits, symmetric, grid, granularity, rounding, scaleDtype };
  return groupSize === null ? common : { ...common, groupSize };
}

/**
 * Round weights to the nearest codes.
 * @param weight W [in, out], finite
 * @param largest for NVFP4: the largest |w| that the tensor's scale is for; layers that share an input share it @default that of `weight`
 * @throws {ShapeError} when a GGUF format's block does not divide `in`
 */
export function encodeWeight(weight: Matrix, scheme: WeightScheme, largest?: number): StoredWeight {
  const { data, rows, columns } = weight;
  switch (scheme.kind) {
    case 'integer':
      return { kind: 'integer', matrix: quantizeAffineRef(weight, affineOptions(scheme)) };
    case 'float8':
      return encodeFloat8(weight, scheme);
    case 'mxfp4':
    case 'nvfp4':
      return encodeFloat4(weight, scheme, largest);
    case 'ggml': {
      const blocks = quantizeBlocks(scheme.type, transpose(data, rows, columns), { rowLength: rows });
      return { kind: 'ggml', type: scheme.type, blocks, rows, columns };
    }
    default:
      throw new InternalError(`unknown scheme ${JSON.stringify(scheme)}`);
  }
}

/** Quantize and dequantize. @returns f32[in × out] */
export function fakeQuantize(weight: Matrix, scheme: WeightScheme): Float32Array {
  return dequantizeStored(encodeWeight(weight, scheme));
}

/** scale = max|w| / (largest float), in f32; a group of zeros has scale 1. */
function encodeFloat8(weight: Matrix, { format, granularity }: Float8Scheme): Float8Weight {
  const { data, rows, columns } = weight;
  const top = format === 'E4M3' ? F8_E4M3_MAX : F8_E5M2_MAX;
  const scale = absmaxOf(weight, { granularity }).map((a) => a / top || 1);
  const scaled = data.map((x, i) => x / scale[i % columns]!);
  const codes = (format === 'E4M3' ? encodeF8E4M3 : encodeF8E5M2)(scaled, undefined, 'sat');
  return { kind: 'float8', format, codes, scale, rows, columns };
}

function encodeFloat4(weight: Matrix, scheme: MxFp4Scheme | NvFp4Scheme, largest?: number): Float4Weight {
  const { data, rows, columns } = weight;
  const { kind, groupSize } = scheme;
  const absmax = absmaxOf(weight, { granularity: 'perGroup', groupSize });
  let scaleCodes: Uint8Array;
  let scale: Float32Array;
  let tensorScale = 1;
  if (kind === 'mxfp4') {
    // floor: 2^(⌊log2 a⌋ − 2), that is the power of two below a / 4; ceil: the one above a / 6. A group of zeros gets 2^-127.
    const wanted = Float64Array.from(absmax, (a) => a / (scheme.scaleRule === 'floor' ? 4 : E2M1_MAX));
    scaleCodes = encodeE8M0(wanted, undefined, scheme.scaleRule);
    scale = decodeE8M0(scaleCodes);
  } else {
    const top = largest ?? absmax.reduce((a, b) => Math.max(a, b), 0);
    // files hold the inverse: of a number that is one already it is exact
    tensorScale = Math.fround(1 / Math.fround((E2M1_MAX * F8_E4M3_MAX) / top)) || 1;
    const wanted = absmax.map((a) => a / (E2M1_MAX * tensorScale));
    scaleCodes = encodeF8E4M3(wanted, undefined, 'sat');
    for (let i = 0; i < scaleCodes.length; i++) if (scaleCodes[i] === 0) scaleCodes[i] = 0x38; // 0 counts as 1
    scale = decodeF8E4M3(scaleCodes).map((s) => s * tensorScale);
  }
  const scaled = new Float32Array(data.length);
  for (let r = 0, i = 0; r < rows; r++) {
    const first = Math.floor(r / groupSize) * columns;
    for (let j = 0; j < columns; j++, i++) scaled[i] = data[i]! / scale[first + j]!;
  }
  return { kind, groupSize, codes: encodeE2M1(scaled), scaleCodes, tensorScale, rows, columns };
}

/** Largest |x| of each group. @returns f32[groups × columns] */
function absmaxOf(weight: Matrix, options: Parameters<typeof groupRangesRef>[1]): Float32Array {
  const { min, max } = groupRangesRef(weight, options);
  return max.map((top, i) => Math.max(top, -min[i]!));
}
