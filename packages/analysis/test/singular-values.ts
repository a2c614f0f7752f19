/**
 * All singular values of a small matrix by one-sided Jacobi rotations, in float64: columns are rotated in pairs until they are orthogonal; their lengths are the singular
 * values. The oracle of `spectralNorm`.
 * @param data [rows × columns]  @returns descending
 */
export function singularValues(data: ArrayLike<number>, rows: number, columns: number): number[] {
  // the rows of a wide matrix: as many as it has singular values
  const isWide = columns > rows;
  const column = Array.from({ length: isWide ? rows : columns }, (_, j) =>
    Array.from({ length: isWide ? columns : rows }, (_, i) =>
      isWide ? data[j * columns + i]! : data[i * columns + j]!,
    ),
  );
  const dot = (a: number[], b: number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);
  for (let sweep = 0; sweep < 60; sweep++) {
    let largest = 0;
    for (let p = 0; p < column.length; p++) {
      for (let q = p + 1; q < column.length; q++) {
        const [a, b] = [column[p]!, column[q]!];
        const [aa, bb, ab] = [dot(a, a), dot(b, b), dot(a, b)];
        if (ab === 0) continue;
        largest = Math.max(largest, Math.abs(ab) / Math.sqrt(aa * bb));
        const zeta = (bb - aa) / (2 * ab);
        const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const c = 1 / Math.sqrt(1 + t * t);
        column[p] = a.map((x, i) => c * (x - t * b[i]!));
        column[q] = b.map((x, i) => c * (x + t * a[i]!));
      }
    }
    if (largest < 1e-15) break;
  }
  return column.map((values) => Math.sqrt(dot(values, values))).sort((a, b) => b - a);
}
