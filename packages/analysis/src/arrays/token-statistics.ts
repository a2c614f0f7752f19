import { roundHalfToEven, ShapeError } from '@bitcliff/core';

/** Activations X of several tokens, as the INT8 paper describes them. */
export interface TokenStatistics {
  /** Mean over tokens of the standard deviation over features (of the population). */
  readonly meanStd: number;
  /** √ mean (X − X̂)², X̂ = dequantize(quantize(X)) in int8 with a scale per token, absmax / 127, rounded half to even. */
  readonly int8Rmse: number;
  readonly absMax: number;
}

/**
 * Statistics of X on plain arrays, in float64; `Engine.trace` gives the same numbers from inside the graph, in float32.
 * @param x f32[tokens × features], finite
 * @throws {ShapeError} when x does not hold whole tokens
 */
export function tokenStatistics(x: ArrayLike<number>, features: number): TokenStatistics {
  const tokens = x.length / features;
  if (!Number.isInteger(tokens) || tokens < 1) {
    throw new ShapeError({
      op: 'tokenStatistics',
      problem: 'not whole tokens',
      expected: `a multiple of ${features}, above 0`,
      received: x.length,
    });
  }
  let [stds, errors, absMax] = [0, 0, 0];
  for (let t = 0; t < tokens; t++) {
    const at = t * features;
    let [sum, top, squares] = [0, 0, 0];
    for (let i = at; i < at + features; i++) {
      sum += x[i]!;
      top = Math.max(top, Math.abs(x[i]!));
    }
    const mean = sum / features;
    const scale = top / 127;
    for (let i = at; i < at + features; i++) {
      squares += (x[i]! - mean) ** 2;
      if (scale > 0) errors += (x[i]! - scale * roundHalfToEven(x[i]! / scale)) ** 2;
    }
    stds += Math.sqrt(squares / features);
    absMax = Math.max(absMax, top);
  }
  return { meanStd: stds / tokens, int8Rmse: Math.sqrt(errors / x.length), absMax };
}
