/**
 * log softmax in float64, maximum subtracted; −Infinity stays −Infinity.
 * @param values at least one finite number, none NaN
 */
export function logSoftmax(values: ArrayLike<number>): Float64Array {
  let max = -Infinity;
  for (let i = 0; i < values.length; i++) if (values[i]! > max) max = values[i]!;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.exp(values[i]! - max);
  const logSum = max + Math.log(sum);
  return Float64Array.from(values, (value) => value - logSum);
}

/** Σ_v p_b(v)·(log p_b(v) − log p_q(v)), nats, of two log-distributions; Infinity where q rules out what b does not. */
export function klDivergence(logBase: ArrayLike<number>, logOther: ArrayLike<number>): number {
  let sum = 0;
  for (let v = 0; v < logBase.length; v++) {
    const p = Math.exp(logBase[v]!);
    if (p > 0) sum += p * (logBase[v]! - logOther[v]!);
  }
  return sum;
}
