import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readNpy } from '@bitcliff/formats';

/** Golden models: random weights, reference values computed in float64 by an independent program (test/golden/README.md). */
export const GOLDEN_MODELS: string[] = readdirSync(new URL('../golden', import.meta.url)).filter(
  (name) => !name.includes('.'),
);

/** What golden.json says of one model, as far as the tests use it. */
export interface Golden {
  sequences: {
    id: string;
    input_ids: number[];
    token_logprobs: number[];
    argmax: number[];
    greedy_new_tokens: number[];
  }[];
  quantized?: Record<string, { token_logprobs: number[][] }>;
}

export const goldenFolder = (model: string): string =>
  fileURLToPath(new URL(`../golden/${model}`, import.meta.url));

export const readGolden = (model: string): Golden =>
  JSON.parse(readFileSync(`${goldenFolder(model)}/golden/golden.json`, 'utf8'));

export const readGoldenArray = (model: string, name: string): Float32Array =>
  readNpy(readFileSync(`${goldenFolder(model)}/golden/${name}.npy`)).data as Float32Array;

/** Largest |a − b|, with the place, for messages. */
export function maxDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    if (!(difference <= worst)) worst = difference; // NaN comes through
  }
  return worst;
}
