import { readFileSync } from 'node:fs';
import { readNpy } from '@bitcliff/formats';

/** One array of `test/golden`, with its numbers. @param path without `.npy` */
export function readGolden(path: string): { shape: readonly number[]; values: number[] } {
  const tensor = readNpy(readFileSync(new URL(`./golden/${path}.npy`, import.meta.url)));
  return { shape: tensor.shape, values: Array.from(tensor.data, Number) };
}

/** [rows, columns] to [columns, rows]. */
export function transposed<T extends ArrayLike<number>>(values: T, rows: number, columns: number): number[] {
  return Array.from(
    { length: rows * columns },
    (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!,
  );
}

/** Largest |a − b| / max(|b|, tiny). */
export function worstRelative(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let worst = 0;
  for (let i = 0; i < a.length; i++)
    worst = Math.max(worst, Math.abs(a[i]! - b[i]!) / Math.max(Math.abs(b[i]!), 1e-30));
  return worst;
}
