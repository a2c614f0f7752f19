/**
 * Slopes of ALiBi: a geometric series for a power of two, filled up from the series of twice as many heads otherwise.
 * @returns f64[heads]
 * @see transformers modeling_bloom.py `build_alibi_tensor` (4.57); arXiv 2108.12409, appendix A
 */
export function alibiSlopes(heads: number): number[] {
  const power = 2 ** Math.floor(Math.log2(heads));
  const base = 2 ** -(2 ** -(Math.log2(power) - 3));
  const slopes = Array.from({ length: power }, (_, i) => base ** (i + 1));
  const extraBase = 2 ** -(2 ** -(Math.log2(2 * power) - 3));
  for (let i = 0; slopes.length < heads; i++) slopes.push(extraBase ** (2 * i + 1));
  return slopes;
}
