/**
 * @file The initializers of ONNX Runtime's MatMulNBits, Y = A · deq(B)ᵀ: blocks of inputs of one output, low bits first.
 * @see quant-spec.md B.8; onnxruntime docs/ContribOperators.md, com.microsoft.MatMulNBits
 */
import { Tensor } from '@bitcliff/core';
import type { AffineMatrix } from '@bitcliff/kernels';
import { transpose } from '../schemes/transpose.ts';
import { integerZeroPoints, requirePackable, requireTensor } from './packing-checks.ts';

const LAYOUT = 'MatMulNBits';
const BITS: readonly number[] = [2, 4, 8];

/** Initializers and attributes. */
export interface MatMulNBits {
  readonly attributes: {
    readonly K: number;
    readonly N: number;
    readonly bits: number;
    readonly block_size: number;
  };
  /** u8[N, blocks, block_size · bits / 8]. */
  readonly B: Tensor<'U8'>;
  /** f32[N, blocks]. */
  readonly scales: Tensor<'F32'>;
  /** u8[N, ⌈blocks · bits / 8⌉]; `null` for 2^(bits−1) everywhere. */
  readonly zero_points: Tensor<'U8'> | null;
}

/**
 * @param matrix W [in, out]; 2, 4 or 8 bits, groups of a power of two from 16 on, or one group, which becomes the next such size
 * @throws {UnsupportedError} on what the operator cannot hold
 */
export function packMatMulNBits(matrix: AffineMatrix): MatMulNBits {
  const { codes, scale, rows: K, columns: N, bits, groupSize, groupIndex } = matrix;
  requirePackable(LAYOUT, BITS.includes(bits), 'no such width', `bits of ${BITS.join(', ')}`, bits);
  requirePackable(
    LAYOUT,
    groupIndex === undefined,
    'no room for a group index',
    'groups of the inputs in order',
    'act-order',
  );
  const blockSize = groupSize === K ? Math.max(16, 2 ** Math.ceil(Math.log2(K))) : groupSize;
  const isBlock = blockSize >= 16 && Number.isInteger(Math.log2(blockSize));
  requirePackable(LAYOUT, isBlock, 'no such block', 'groups of a power of two from 16 on', groupSize);
  const blocks = Math.ceil(K / blockSize);
  const bytes = (blockSize * bits) / 8;
  const zeros = integerZeroPoints(LAYOUT, matrix);
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  const B = new Uint8Array(N * blocks * bytes);
  const zero_points = new Uint8Array(N * zeroBytes);
  const put = (bytesOut: Uint8Array, start: number, i: number, code: number): void => {
    bytesOut[start + ((i * bits) >>> 3)]! |= code << ((i * bits) & 7);
  };
  for (let n = 0; n < N; n++) {
    for (let k = 0; k < K; k++) put(B, n * blocks * bytes, k, codes[k * N + n]!);
    for (let b = 0; b < blocks; b++) put(zero_points, n * zeroBytes, b, zeros[b * N + n]!);
  }
  const isDefault = zeros.every((z) => z === 2 ** (bits - 1));
  return {
    attributes: { K, N, bits, block_size: blockSize },
    B: new Tensor('U8', [N, blocks, bytes], B),
    scales: new Tensor('F32', [N, blocks], transpose(scale, blocks, N)),
    zero_points: isDefault ? null : new Tensor('U8', [N, zeroBytes], zero_points),
  };
}

/** @throws {ShapeError} when an initializer does not fit the attributes */
export function unpackMatMulNBits(packed: MatMulNBits): AffineMatrix {
  const { K, N, bits, block_size: blockSize } = packed.attributes;
  const blocks = Math.ceil(K / blockSize);
  const bytes = (blockSize * bits) / 8;
  const zeroBytes = Math.ceil((blocks * bits) / 8);
  const named = {
    B: packed.B,
    scales: packed.scales,
    ...(packed.zero_points ? { zero_points: packed.zero_points } : {}),
  };
  const B = requireTensor(LAYOUT, named, 'B', ['U8'], [N, blocks, bytes]).data;
  const scales = requireTensor(LAYOUT, named, 'scales', ['F32'], [N, blocks]).data;
  const zeros =
    packed.zero_points && requireTensor(LAYOUT, named, 'zero_points', ['U8'], [N, zeroBytes]).data;
  const mask = 2 ** bits - 1;
  const get = (from: Uint8Array, start: number, i: number): number =>
    (from[start + ((i * bits) >>> 3)]! >>> ((i * bits) & 7)) & mask;
  const codes = new Uint8Array(K * N);
  const zeroPoint = new Float32Array(blocks * N).fill(2 ** (bits - 1));
  for (let n = 0; n < N; n++) {
    for (let k = 0; k < K; k++) codes[k * N + n] = get(B, n * blocks * bytes, k);
    if (zeros) for (let b = 0; b < blocks; b++) zeroPoint[b * N + n] = get(zeros, n * zeroBytes, b);
  }
  return {
    codes,
    scale: transpose(scales, N, blocks),
    zeroPoint,
    groupSize: Math.min(blockSize, K),
    rows: K,
    columns: N,
    bits,
    symmetric: zeros === null,
  };
}
