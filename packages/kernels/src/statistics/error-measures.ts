/** Sums of squares over two sets of numbers and their difference. */
export interface ErrorSums {
  readonly original: number;
  readonly quantized: number;
  readonly difference: number;
}

/** Errors of one set of numbers against another. */
export interface ErrorMeasures {
  /** Mean squared difference. */
  readonly mse: number;
  /** Its root. */
  readonly rmse: number;
  /** 10 log10(mean square of the original / mse) in dB; `null` when there is no error or no signal. */
  readonly sqnr: number | null;
  /** Cosine of the angle between the two; `null` when one of them is zero. */
  readonly cosine: number | null;
}

/** @param count numbers in each set */
export function errorMeasures(count: number, { original, quantized, difference }: ErrorSums): ErrorMeasures {
  const mse = difference / count;
  return {
    mse,
    rmse: Math.sqrt(mse),
    sqnr: difference > 0 && original > 0 ? 10 * Math.log10(original / difference) : null,
    // 2 a·b = |a|² + |b|² − |a − b|²
    cosine:
      original > 0 && quantized > 0
        ? (original + quantized - difference) / (2 * Math.sqrt(original * quantized))
        : null,
  };
}
