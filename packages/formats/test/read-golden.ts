import { readFileSync } from 'node:fs';
import type { Tensor } from '@bitcliff/core';
import { readNpy } from '../src/read-npy.ts';

/** The bytes of a golden file of this package, by its path below `test/golden`. */
export function goldenBytes(path: string): Uint8Array {
  return readFileSync(new URL(`./golden/${path}`, import.meta.url));
}

/** A golden NPY file of this package. */
export function readGolden(path: string): Tensor {
  return readNpy(goldenBytes(path), path);
}
