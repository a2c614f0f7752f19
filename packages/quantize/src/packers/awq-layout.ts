/**
 * @file The tensors of a linear layer in AutoAWQ's GEMM layout: 4 bits, packed along the outputs, eight in a word in an order of its own.
 * @see quant-spec.md B.1; AutoAWQ awq/modules/linear/gemm.py from_linear()
 */
import { Tensor } from '@bitcliff/core';
import type { AffineMatrix } from '@bitcliff/kernels';
import {
  f16Scales,
  integerZeroPoints,
  readScales,
  requirePackable,
  requireTensor,
} from './packing-checks.ts';

const LAYOUT = 'Awq';

/** Nibble i of a word, from the low end, holds this one of its eight outputs. */
const ORDER = [0, 2, 4, 6, 1, 3, 5, 7] as const; // awq/modules/linear/gemm.py, order_map

/** Tensors by the end of their name. */
export interface AwqTensors {
  readonly qweight: Tensor<'I32'>;
  readonly qzeros: Tensor<'I32'>;
  readonly scales: Tensor<'F16'>;
}

/**
 * @param matrix W [in, out] of the scaled layer; 4 bits, integer zero points, scales of F16, whole groups of the inputs in order
 * @throws {UnsupportedError} on what the layout cannot hold
 */
export function packAwq(matrix: AffineMatrix): AwqTensors {
  const { codes, rows, columns, bits, groupSize, groupIndex } = matrix;
  requirePackable(LAYOUT, bits === 4, 'no such width', '4 bits', bits);
  requirePackable(LAYOUT, columns % 8 === 0, 'codes do not fill 32-bit words', 'outputs in eights', columns);
  requirePackable(
    LAYOUT,
    rows % groupSize === 0,
    'the last group is shorter',
    `inputs in groups of ${groupSize}`,
    rows,
  );
  requirePackable(
    LAYOUT,
    groupIndex === undefined,
    'no room for a group index',
    'groups of the inputs in order',
    'act-order',
  );
  const groups = rows / groupSize;
  return {
    qweight: new Tensor('I32', [rows, columns / 8], packOctets(codes)),
    qzeros: new Tensor('I32', [groups, columns / 8], packOctets(integerZeroPoints(LAYOUT, matrix))),
    scales: new Tensor('F16', [groups, columns], f16Scales(LAYOUT, matrix)),
  };
}

/** @throws {ShapeError} when a tensor is missing or does not fit */
export function unpackAwq(
  tensors: Readonly<Record<string, Tensor>>,
  { groupSize }: { groupSize: number },
): AffineMatrix {
  const { data: qweight, shape } = requireTensor(LAYOUT, tensors, 'qweight', ['I32']);
  const [rows, words] = shape as [number, number];
  const [columns, groups] = [8 * words, Math.ceil(rows / groupSize)];
  const qzeros = requireTensor(LAYOUT, tensors, 'qzeros', ['I32'], [groups, words]);
  const scales = requireTensor(LAYOUT, tensors, 'scales', ['F16', 'BF16', 'F32'], [groups, columns]);
  return {
    codes: unpackOctets(qweight),
    scale: readScales(scales),
    zeroPoint: Float32Array.from(unpackOctets(qzeros.data)),
    groupSize,
    rows,
    columns,
    bits: 4,
    symmetric: false,
  };
}

function packOctets(codes: Uint8Array): Int32Array<ArrayBuffer> {
  const packed = new Int32Array(codes.length / 8);
  for (let w = 0; w < packed.length; w++) {
    for (const [i, output] of ORDER.entries()) packed[w]! |= codes[8 * w + output]! << (4 * i);
  }
  return packed;
}

function unpackOctets(packed: Int32Array): Uint8Array {
  const codes = new Uint8Array(packed.length * 8);
  for (let w = 0; w < packed.length; w++) {
    for (const [i, output] of ORDER.entries()) codes[8 * w + output] = (packed[w]! >>> (4 * i)) & 15;
  }
  return codes;
}
