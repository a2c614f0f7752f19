/**
 * @file The tensors of a linear layer in MXFP4 or NVFP4 as compressed-tensors stores them (`mxfp4-pack-quantized`, `nvfp4-pack-quantized`): two
 * E2M1 codes in a byte along the inputs, the even one low; a scale for each group; for NVFP4 a scale for the tensor, stored as its inverse.
 * @see compressed-tensors @ ac8e2ba8, compressors/nvfp4 and compressors/mxfp4
 */
import { Tensor } from '@bitcliff/core';
import type { Float4Weight } from '../schemes/stored-weight.ts';
import { transpose } from '../schemes/transpose.ts';
import { requirePackable, requireTensor } from './packing-checks.ts';

const LAYOUT = 'Float4';

/** Inputs that share a scale. */
const GROUP = { mxfp4: 32, nvfp4: 16 } as const;

/** Tensors by the end of their name: `model.layers.0.mlp.up_proj.` + key. */
export interface Float4Tensors {
  /** u8[out, in / 2]. */
  readonly weight_packed: Tensor<'U8'>;
  /** [out, groups]: E8M0 codes (MXFP4), E4M3 (NVFP4). */
  readonly weight_scale: Tensor<'U8' | 'F8_E4M3'>;
  /** f32[1], by which scales are divided; for NVFP4. */
  readonly weight_global_scale?: Tensor<'F32'>;
}

/** @throws {UnsupportedError} when a group is shorter than the others */
export function packFloat4(stored: Float4Weight): Float4Tensors {
  const { kind, codes, scaleCodes, tensorScale, groupSize, rows, columns } = stored;
  const fits = rows % groupSize === 0;
  requirePackable(LAYOUT, fits, 'the last group is shorter', `inputs in groups of ${groupSize}`, rows);
  const along = transpose(codes, rows, columns); // [out, in]
  const packed = new Uint8Array(along.length / 2).map((_, i) => along[2 * i]! | (along[2 * i + 1]! << 4));
  const groups = rows / groupSize;
  return {
    weight_packed: new Tensor('U8', [columns, rows / 2], packed),
    weight_scale: new Tensor(
      kind === 'mxfp4' ? 'U8' : 'F8_E4M3',
      [columns, groups],
      transpose(scaleCodes, groups, columns),
    ),
    ...(kind === 'mxfp4'
      ? {}
      : { weight_global_scale: new Tensor('F32', [1], Float32Array.of(1 / tensorScale)) }),
  };
}

/**
 * The opposite of {@link packFloat4}.
 * @throws {ShapeError} when a tensor is missing or does not fit
 */
export function unpackFloat4(
  tensors: Readonly<Record<string, Tensor>>,
  kind: Float4Weight['kind'],
): Float4Weight {
  const groupSize = GROUP[kind];
  const { data: packed, shape } = requireTensor(LAYOUT, tensors, 'weight_packed', ['U8']);
  const [columns = 0, half = 0] = shape;
  const rows = 2 * half;
  const groups = rows / groupSize;
  const dtype = kind === 'mxfp4' ? 'U8' : 'F8_E4M3';
  const scales = requireTensor(LAYOUT, tensors, 'weight_scale', [dtype], [columns, groups]).data;
  const inverse =
    kind === 'mxfp4' ? 1 : requireTensor(LAYOUT, tensors, 'weight_global_scale', ['F32'], [1]).data[0]!;
  const codes = new Uint8Array(rows * columns);
  for (const [i, byte] of packed.entries()) {
    codes[2 * i] = byte & 15;
    codes[2 * i + 1] = byte >> 4;
  }
  return {
    kind,
    groupSize,
    codes: transpose(codes, columns, rows),
    scaleCodes: transpose(Uint8Array.from(scales), columns, groups),
    tensorScale: Math.fround(1 / inverse),
    rows,
    columns,
  };
}
