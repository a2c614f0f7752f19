/** @file How far the quantized weights of one linear layer are from the original ones, as a record. */
import { type ErrorMeasures, errorMeasures, errorSumsRef } from '@bitcliff/kernels';
import type { GramForm } from '../statistics/gram-form.ts';

/** The record of one quantized linear layer. */
export interface ModuleReport {
  /** The tensor. */
  readonly name: string;
  readonly method: string;
  readonly methodVersion: number;
  /** Inputs and outputs. */
  readonly shape: readonly [number, number];
  /** Bits per weight as stored, with scales, zero points and group indices. */
  readonly bits: number;
  readonly weight: ErrorMeasures;
  /** Of the outputs X W for calibration inputs, per token and output; the inputs' own rounding is not in it. `null` without a Gram matrix. */
  readonly output: ErrorMeasures | null;
  /** Wall time of the layer's share of its group. */
  readonly seconds: number;
  /** What the method has to say: `awqRatio`, `awqError`, `gptqLoss`, `dampPercent`, `deadInputs`, … */
  readonly details: Readonly<Record<string, number | boolean>>;
}

/** Errors of weights. @param original f32[n]  @param quantized f32[n] */
export function weightErrors(original: Float32Array, quantized: Float32Array): ErrorMeasures {
  const size = { rows: 1, columns: original.length };
  const sums = errorSumsRef({ data: original, ...size }, { data: quantized, ...size });
  return errorMeasures(original.length, sums);
}

/** Errors of the outputs of a layer. @param tokens behind the Gram matrix */
export function outputErrors(
  form: GramForm,
  tokens: number,
  original: Float32Array,
  quantized: Float32Array,
): ErrorMeasures {
  const columns = original.length / form.size;
  const difference = original.map((x, i) => x - quantized[i]!);
  return errorMeasures(tokens * columns, {
    original: form.total(original, columns),
    quantized: form.total(quantized, columns),
    difference: form.total(difference, columns),
  });
}
