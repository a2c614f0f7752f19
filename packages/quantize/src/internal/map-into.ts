/**
 * Fill an array with what becomes of each element of another. `from` of typed arrays with a function makes a list of the elements first, which takes
 * several times the memory of the arrays, and the time.
 */
export function mapInto<T extends Float32Array | Float64Array | Int8Array | Uint8Array>(
  out: T,
  source: ArrayLike<number>,
  of: (value: number, index: number) => number,
): T {
  for (let i = 0; i < out.length; i++) out[i] = of(source[i]!, i);
  return out;
}
