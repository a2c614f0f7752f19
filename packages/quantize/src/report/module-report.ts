/** @file How far the quantized weights of one linear layer are from the original ones, as a record. */
import type { GramForm } from '../statistics/gram-form.ts';

/** Errors of one set of numbers against another. */
export interface ErrorMeasures {
  /** Mean squared difference. */
  readonly mse: number;
  /** 10 log10(mean square of the original / mse) in dB; `null` when there is no error or no signal. */
  readonly sqnr: number | null;
  /** Cosine of the angle between the two; `null` when one of them is zero. */
  readonly cosine: number | null;
}

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

/** Errors of a vector, from sums of squares. */
export function errorMeasures(
  count: number,
  original: number,
  quantized: number,
  difference: number,
): ErrorMeasures {
  const mse = difference / count;
  return {
    mse,
    sqnr: difference > 0 && original > 0 ? 10 * Math.log10(original / difference) : null,
    // 2 a·b = |a|² + |b|² − |a − b|²
    cosine:
      original > 0 && quantized > 0
        ? (original + quantized - difference) / (2 * Math.sqrt(original * quantized))
        : null,
  };
}

/** Errors of weights. @param original f32[n]  @param quantized f32[n] */
export function weightErrors(original: Float32Array, quantized: Float32Array): ErrorMeasures {
  let [a, b, d] = [0, 0, 0];
  for (let i = 0; i < original.length; i++) {
    const x = original[i]!;
    const y = quantized[i]!;
    a += x * x;
    b += y * y;
    d += (x - y) * (x - y);
  }
  return errorMeasures(original.length, a, b, d);
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
  return errorMeasures(
    tokens * columns,
    form.total(original, columns),
    form.total(quantized, columns),
    form.total(difference, columns),
  );
}
