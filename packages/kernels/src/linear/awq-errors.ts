/** @file Output errors of AWQ's candidates: for each s, tr(Dᵀ G D) / (tokens · outputs) with D = Q(W · s) / s − W. */
import { ShapeError } from '@bitcliff/core';
import { dequantizeAffineRef, quantizeAffineRef } from '../affine/affine-ref.ts';
import type { AffineOptions } from '../affine/affine-scheme.ts';
import { checkMatrix, type Matrix } from '../matrix.ts';
import { scaleMatrixRef } from './linear-ref.ts';

/** What is known of the inputs of the layer. */
export interface AwqErrorInputs {
  /** [in × in], Xᵀ X. */
  readonly gram: Float32Array;
  readonly tokens: number;
}

/** @throws {ShapeError} when the Gram matrix or a candidate is of another size */
export function checkAwq(
  { data, rows, columns }: Matrix,
  inputs: AwqErrorInputs,
  candidates: readonly Float32Array[],
): void {
  checkMatrix('awqErrors', data, rows, columns);
  checkMatrix('awqErrors', inputs.gram, rows, rows);
  const other = candidates.find((scales) => scales.length !== rows);
  if (other === undefined) return;
  throw new ShapeError({
    op: 'awqErrors',
    problem: 'scales of another size',
    expected: rows,
    received: other.length,
  });
}

/** Codes and changes in f32, the quadratic form in float64. */
export function awqErrorsRef(
  weight: Matrix,
  inputs: AwqErrorInputs,
  candidates: readonly Float32Array[],
  options: AffineOptions,
): Float64Array {
  checkAwq(weight, inputs, candidates);
  const { rows, columns } = weight;
  return Float64Array.from(candidates, (scales) => {
    const scaled = {
      ...weight,
      data: scaleMatrixRef(weight, scales, { axis: 'rows', operation: 'multiply' }),
    };
    const rounded = { ...weight, data: dequantizeAffineRef(quantizeAffineRef(scaled, options)) };
    const back = scaleMatrixRef(rounded, scales, { axis: 'rows', operation: 'divide' });
    const d = back.map((x, i) => x - weight.data[i]!);
    let sum = 0;
    for (let i = 0; i < rows; i++) {
      for (let k = 0; k < rows; k++) {
        const g = inputs.gram[i * rows + k]!;
        for (let j = 0; j < columns; j++) sum += d[i * columns + j]! * g * d[k * columns + j]!;
      }
    }
    return sum / (inputs.tokens * columns);
  });
}
