/**
 * @file The tensors of a linear layer in AutoGPTQ's layout, which GPTQModel, vLLM and transformers read: codes packed along the inputs,
 * zero points along the outputs, both with the low bits first.
 * @see quant-spec.md B.2; AutoGPTQ qlinear_cuda_old.py pack()
 */
import { Tensor } from '@bitcliff/core';
import type { AffineMatrix } from '@bitcliff/kernels';
import { transpose } from '../schemes/transpose.ts';
import { packWords, unpackWords, wordsPerRow } from './pack-words.ts';
import {
  f16Scales,
  integerZeroPoints,
  readScales,
  requirePackable,
  requireTensor,
} from './packing-checks.ts';

const LAYOUT = 'Gptq';
const BITS: readonly number[] = [2, 3, 4, 8];

/** `v1` (checkpoint_format "gptq") stores zero points less one, `v2` ("gptq_v2") as they are. */
export type GptqVersion = 'v1' | 'v2';

/** Tensors by the end of their name: `model.layers.0.mlp.up_proj.` + key. */
export interface GptqTensors {
  readonly qweight: Tensor<'I32'>;
  readonly qzeros: Tensor<'I32'>;
  readonly scales: Tensor<'F16'>;
  readonly g_idx: Tensor<'I32'>;
}

/**
 * @param matrix W [in, out]; 2, 3, 4 or 8 bits, integer zero points, scales of F16
 * @throws {UnsupportedError} on what the layout cannot hold: other bits, sizes that do not fill words, a zero point of 0 in v1
 */
export function packGptq(matrix: AffineMatrix, { version }: { version: GptqVersion }): GptqTensors {
  const { codes, rows, columns, bits, groupSize, groupIndex } = matrix;
  requirePackable(LAYOUT, BITS.includes(bits), 'no such width', `bits of ${BITS.join(', ')}`, bits);
  for (const size of [rows, columns]) {
    requirePackable(
      LAYOUT,
      (size * bits) % 32 === 0,
      'codes do not fill 32-bit words',
      'inputs and outputs that do',
      size,
    );
  }
  const zeros = integerZeroPoints(LAYOUT, matrix);
  if (version === 'v1') {
    requirePackable(
      LAYOUT,
      !zeros.includes(0),
      'v1 stores zero points less one',
      'zero points from 1, or version "v2"',
      0,
    );
  }
  const groups = Math.ceil(rows / groupSize);
  const words = wordsPerRow(rows, bits);
  const byOutput = packWords(transpose(codes, rows, columns), columns, rows, bits); // [out, words]
  const qweight = new Int32Array(words * columns);
  for (let n = 0; n < columns; n++)
    for (let w = 0; w < words; w++) qweight[w * columns + n] = byOutput[n * words + w]!;
  const stored = version === 'v1' ? zeros.map((z) => z - 1) : zeros;
  const qzeros = packWords(stored, groups, columns, bits);
  const index = Int32Array.from({ length: rows }, (_, r) => groupIndex?.[r] ?? Math.floor(r / groupSize));
  return {
    qweight: new Tensor('I32', [words, columns], qweight),
    qzeros: new Tensor('I32', [groups, wordsPerRow(columns, bits)], qzeros),
    scales: new Tensor('F16', [groups, columns], f16Scales(LAYOUT, matrix)),
    g_idx: new Tensor('I32', [rows], index),
  };
}

/**
 * @param tensors by key, as {@link packGptq} gives them
 * @param options.bits of the file's quantization_config
 * @throws {ShapeError} when a tensor is missing or does not fit
 */
export function unpackGptq(
  tensors: Readonly<Record<string, Tensor>>,
  {
    bits,
    groupSize,
    symmetric,
    version,
  }: { bits: number; groupSize: number; symmetric: boolean; version: GptqVersion },
): AffineMatrix {
  const { data: qweight, shape } = requireTensor(LAYOUT, tensors, 'qweight', ['I32']);
  const [words, columns] = shape as [number, number];
  const rows = Math.floor((words * 32) / bits);
  const groups = Math.ceil(rows / groupSize);
  const qzeros = requireTensor(LAYOUT, tensors, 'qzeros', ['I32'], [groups, wordsPerRow(columns, bits)]);
  const scales = requireTensor(LAYOUT, tensors, 'scales', ['F16', 'BF16', 'F32'], [groups, columns]);
  const index = requireTensor(LAYOUT, tensors, 'g_idx', ['I32'], [rows]).data;
  const byOutput = new Int32Array(words * columns);
  for (let n = 0; n < columns; n++)
    for (let w = 0; w < words; w++) byOutput[n * words + w] = qweight[w * columns + n]!;
  const zeros = unpackWords(qzeros.data, groups, columns, bits);
  const inOrder = index.every((group, r) => group === Math.floor(r / groupSize));
  const matrix = {
    codes: transpose(unpackWords(byOutput, columns, rows, bits), columns, rows),
    scale: readScales(scales),
    zeroPoint: Float32Array.from(zeros, (z) => (version === 'v1' ? z + 1 : z)),
    groupSize,
    rows,
    columns,
    bits,
    symmetric,
  };
  if (inOrder) return matrix;
  const bad = index.find((group) => group < 0 || group >= groups);
  requireIndex(bad, groups);
  return { ...matrix, groupIndex: Uint32Array.from(index) };
}

function requireIndex(bad: number | undefined, groups: number): void {
  const expected = `groups from 0 to ${groups - 1}`;
  requirePackable(LAYOUT, bad === undefined, 'g_idx names a group that is not there', expected, bad ?? '');
}
