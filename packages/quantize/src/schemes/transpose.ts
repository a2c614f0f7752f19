/** Tile edge: two tiles of f32 fit the first-level cache. */
const TILE = 32;

/** [rows, columns] to [columns, rows]. */
export function transpose<T extends Float32Array | Float64Array | Uint8Array>(
  values: T,
  rows: number,
  columns: number,
): T {
  const out = new (values.constructor as new (length: number) => T)(values.length);
  for (let r0 = 0; r0 < rows; r0 += TILE) {
    for (let c0 = 0; c0 < columns; c0 += TILE) {
      const r1 = Math.min(rows, r0 + TILE);
      const c1 = Math.min(columns, c0 + TILE);
      for (let r = r0; r < r1; r++)
        for (let c = c0; c < c1; c++) out[c * rows + r] = values[r * columns + c]!;
    }
  }
  return out;
}
