import { readFileSync } from 'node:fs';
import { readNpy } from '@bitcliff/formats';
import type { Matrix } from '@bitcliff/kernels';

/** One array of `test/golden`, with its numbers. @param path without `.npy` */
export function readGolden(path: string): { shape: readonly number[]; values: number[] } {
  const tensor = readNpy(readFileSync(new URL(`./golden/${path}.npy`, import.meta.url)));
  return { shape: tensor.shape, values: Array.from(tensor.data, Number) };
}

/** `meta.json` of a topic. */
// biome-ignore lint/suspicious/noExplicitAny: the reader of a golden file knows its fields
export function readMeta(topic: string): any {
  return JSON.parse(readFileSync(new URL(`./golden/${topic}/meta.json`, import.meta.url), 'utf8'));
}

/** A golden matrix; `transposed` turns the [out, in] of the golden data into the W [in, out] of this package. */
export function readMatrix(path: string, transposed = false): Matrix {
  const { shape, values } = readGolden(path);
  const [rows, columns] = shape as [number, number];
  if (!transposed) return { data: Float32Array.from(values), rows, columns };
  return { data: Float32Array.from(transpose(values, rows, columns)), rows: columns, columns: rows };
}

/** [rows, columns] to [columns, rows]. */
export function transpose(values: ArrayLike<number>, rows: number, columns: number): number[] {
  return Array.from(
    { length: rows * columns },
    (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!,
  );
}

/** Largest |a − b|. */
export function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let far = 0;
  for (let i = 0; i < a.length; i++) far = Math.max(far, Math.abs(a[i]! - b[i]!));
  return far;
}

/** Largest |a − b| / |b|. */
export function worstRelative(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let far = 0;
  for (let i = 0; i < a.length; i++)
    far = Math.max(far, Math.abs(a[i]! - b[i]!) / Math.max(Math.abs(b[i]!), 1e-30));
  return far;
}
