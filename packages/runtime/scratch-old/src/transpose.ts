/** Side of the square tiles; two of them fit the level-1 cache. */
const TILE = 32;

/**
 * Transpose a row-major matrix.
 * @param data f32[rows × columns]
 * @returns f32[columns × rows]
 */
export function transpose(data: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let r0 = 0; r0 < rows; r0 += TILE) {
    const r1 = Math.min(r0 + TILE, rows);
    for (let c0 = 0; c0 < columns; c0 += TILE) {
      const c1 = Math.min(c0 + TILE, columns);
      for (let r = r0; r < r1; r++) for (let c = c0; c < c1; c++) out[c * rows + r] = data[r * columns + c]!;
    }
  }
  return out;
}
