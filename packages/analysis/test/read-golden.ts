import { readFileSync } from 'node:fs';
import { readNpy } from '@bitcliff/formats';

/** One array of `test/golden`. @param name without `.npy` */
export function readGolden(name: string): { shape: readonly number[]; values: Float32Array } {
  const tensor = readNpy(readFileSync(new URL(`./golden/${name}.npy`, import.meta.url)));
  return { shape: tensor.shape, values: tensor.data as Float32Array };
}

/** `expected.json`. */
// biome-ignore lint/suspicious/noExplicitAny: the reader of a golden file knows its fields
export function readExpected(): any {
  return JSON.parse(readFileSync(new URL('./golden/expected.json', import.meta.url), 'utf8'));
}

/** Largest |a − b|. */
export function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let far = 0;
  for (let i = 0; i < a.length; i++) far = Math.max(far, Math.abs(a[i]! - b[i]!));
  return far;
}
