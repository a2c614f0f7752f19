/**
 * @file The tensors of a linear layer as compressed-tensors stores them, for vLLM and transformers: `pack-quantized` (integers of any width
 * in 32-bit words) and the plain forms `int-quantized` and `float-quantized`.
 * @see compressed-tensors @ ac8e2ba8, compressors/pack_quantized and naive_quantized
 */
import { Tensor } from '@bitcliff/core';
import { decodeF16, encodeF16 } from '@bitcliff/formats';
import type { AffineMatrix } from '@bitcliff/kernels';
import { mapInto } from '../internal/map-into.ts';
import type { Float8Weight } from '../schemes/stored-weight.ts';
import { transpose } from '../schemes/transpose.ts';
import { packWords, unpackWords, wordsPerRow } from './pack-words.ts';
import { integerZeroPoints, readScales, requirePackable, requireTensor } from './packing-checks.ts';

const LAYOUT = 'CompressedTensors';

/** Tensors by the end of their name: `model.layers.0.mlp.up_proj.` + key. */
export interface PackQuantizedTensors {
  /** i32[out, ⌈in · bits / 32⌉], codes along the inputs. */
  readonly weight_packed: Tensor<'I32'>;
  /** [out, groups]. */
  readonly weight_scale: Tensor<'F16' | 'F32'>;
  /** i64[2]: out, in. */
  readonly weight_shape: Tensor<'I64'>;
  /** i32[⌈out · bits / 32⌉, groups], for asymmetric schemes. */
  readonly weight_zero_point?: Tensor<'I32'>;
  /** i32[in], where groups are not runs of inputs. */
  readonly weight_g_idx?: Tensor<'I32'>;
}

/**
 * @param matrix W [in, out], integer zero points
 * @returns scales in F16 where all of them fit it exactly, else in F32
 * @throws {UnsupportedError} when a group is shorter than the others, or zero points are not codes
 */
export function packCompressedTensors(matrix: AffineMatrix): PackQuantizedTensors {
  const { codes, rows, columns, bits, groupSize, groupIndex, symmetric } = matrix;
  requirePackable(
    LAYOUT,
    rows % groupSize === 0,
    'the last group is shorter',
    `inputs in groups of ${groupSize}`,
    rows,
  );
  const groups = rows / groupSize;
  const packed = packWords(transpose(codes, rows, columns), columns, rows, bits);
  const zeros = integerZeroPoints(LAYOUT, matrix);
  const zeroWords = wordsPerRow(columns, bits);
  return {
    weight_packed: new Tensor('I32', [columns, wordsPerRow(rows, bits)], packed),
    weight_scale: scaleTensor(transpose(matrix.scale, groups, columns), [columns, groups]),
    weight_shape: new Tensor('I64', [2], BigInt64Array.of(BigInt(columns), BigInt(rows))),
    ...(symmetric
      ? {}
      : {
          weight_zero_point: new Tensor(
            'I32',
            [zeroWords, groups],
            transposeWords(packWords(zeros, groups, columns, bits), groups, zeroWords),
          ),
        }),
    ...(groupIndex === undefined
      ? {}
      : { weight_g_idx: new Tensor('I32', [rows], Int32Array.from(groupIndex)) }),
  };
}

/**
 * @param tensors by key, as {@link packCompressedTensors} gives them
 * @param options.bits of the file's quantization_config
 * @throws {ShapeError} when a tensor is missing or does not fit
 */
export function unpackCompressedTensors(
  tensors: Readonly<Record<string, Tensor>>,
  { bits, symmetric }: { bits: number; symmetric: boolean },
): AffineMatrix {
  const [columns, rows] = Array.from(
    requireTensor(LAYOUT, tensors, 'weight_shape', ['I64'], [2]).data,
    Number,
  ) as [number, number];
  const packed = requireTensor(LAYOUT, tensors, 'weight_packed', ['I32'], [columns, wordsPerRow(rows, bits)]);
  const scales = requireTensor(LAYOUT, tensors, 'weight_scale', ['F16', 'BF16', 'F32']);
  const groups = Math.max(1, scales.shape[1] ?? 1);
  requireTensor(LAYOUT, tensors, 'weight_scale', ['F16', 'BF16', 'F32'], [columns, groups]);
  const zeroPoint = new Float32Array(groups * columns).fill(2 ** (bits - 1));
  if (!symmetric) {
    const zeroWords = wordsPerRow(columns, bits);
    const zeros = requireTensor(LAYOUT, tensors, 'weight_zero_point', ['I32'], [zeroWords, groups]);
    zeroPoint.set(unpackWords(transposeWords(zeros.data, zeroWords, groups), groups, columns, bits));
  }
  const index = tensors.weight_g_idx && requireTensor(LAYOUT, tensors, 'weight_g_idx', ['I32'], [rows]).data;
  return {
    codes: transpose(unpackWords(packed.data, columns, rows, bits), columns, rows),
    scale: transpose(readScales(scales), columns, groups),
    zeroPoint,
    groupSize: Math.ceil(rows / groups),
    rows,
    columns,
    bits,
    symmetric,
    ...(index ? { groupIndex: Uint32Array.from(index) } : {}),
  };
}

/** `int-quantized`: i8[out, in] and scales [out, 1]. @param matrix symmetric, 8 bits, per column */
export function packIntQuantized(matrix: AffineMatrix): {
  weight: Tensor<'I8'>;
  weight_scale: Tensor<'F16' | 'F32'>;
} {
  const { codes, rows, columns, bits, groupSize, symmetric } = matrix;
  const fits = bits === 8 && symmetric && groupSize === rows;
  const received = `${symmetric ? '' : 'a'}symmetric, ${bits} bits, groups of ${groupSize}`;
  requirePackable(
    LAYOUT,
    fits,
    'int-quantized holds INT8 per output alone',
    'symmetric, 8 bits, per column',
    received,
  );
  const weight = mapInto(new Int8Array(codes.length), transpose(codes, rows, columns), (code) => code - 128);
  return {
    weight: new Tensor('I8', [columns, rows], weight),
    weight_scale: scaleTensor(matrix.scale, [columns, 1]),
  };
}

/** `float-quantized`: F8_E4M3 [out, in] and scales [out, 1]. */
export function packFloatQuantized(stored: Float8Weight): {
  weight: Tensor<'F8_E4M3' | 'F8_E5M2'>;
  weight_scale: Tensor<'F16' | 'F32'>;
} {
  const { codes, rows, columns, format, scale } = stored;
  return {
    weight: new Tensor(`F8_${format}`, [columns, rows], transpose(codes, rows, columns)),
    weight_scale: scaleTensor(scale, [columns, 1]),
  };
}

/**
 * The opposite of {@link packIntQuantized}; reads one scale for the tensor too.
 * @throws {ShapeError} when a tensor is missing or does not fit
 */
export function unpackIntQuantized(tensors: Readonly<Record<string, Tensor>>): AffineMatrix {
  const { data, shape } = requireTensor(LAYOUT, tensors, 'weight', ['I8']);
  const [columns, rows] = shape as [number, number];
  return {
    codes: transpose(
      mapInto(new Uint8Array(data.length), data, (code) => code + 128),
      columns,
      rows,
    ),
    scale: columnScales(tensors, columns),
    zeroPoint: new Float32Array(columns).fill(128),
    groupSize: rows,
    rows,
    columns,
    bits: 8,
    symmetric: true,
  };
}

/**
 * The opposite of {@link packFloatQuantized}; reads one scale for the tensor too.
 * @throws {ShapeError} when a tensor is missing or does not fit
 */
export function unpackFloatQuantized(tensors: Readonly<Record<string, Tensor>>): Float8Weight {
  const { data, shape, dtype } = requireTensor(LAYOUT, tensors, 'weight', ['F8_E4M3', 'F8_E5M2']);
  const [columns, rows] = shape as [number, number];
  return {
    kind: 'float8',
    format: dtype === 'F8_E4M3' ? 'E4M3' : 'E5M2',
    codes: transpose(data, columns, rows),
    scale: columnScales(tensors, columns),
    rows,
    columns,
  };
}

/** One scale for each output, from a tensor with one for each or one for all. */
function columnScales(tensors: Readonly<Record<string, Tensor>>, columns: number): Float32Array {
  const tensor = requireTensor(LAYOUT, tensors, 'weight_scale', ['F16', 'BF16', 'F32']);
  const scales = readScales(tensor);
  if (scales.length === 1) return new Float32Array(columns).fill(scales[0]!);
  requireTensor(LAYOUT, tensors, 'weight_scale', ['F16', 'BF16', 'F32'], [columns, 1]);
  return scales;
}

/** F16 where that is exact, else F32. */
function scaleTensor(scale: Float32Array, shape: readonly number[]): Tensor<'F16' | 'F32'> {
  const half = encodeF16(scale);
  const back = decodeF16(half);
  return scale.every((s, i) => s === back[i])
    ? new Tensor('F16', shape, half)
    : new Tensor('F32', shape, scale);
}

function transposeWords(words: Int32Array, rows: number, columns: number): Int32Array {
  return Int32Array.from(
    { length: words.length },
    (_, i) => words[(i % rows) * columns + Math.floor(i / rows)]!,
  );
}
