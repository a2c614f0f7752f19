/** @file What golden models are made to do, alike on onnxruntime-node and on onnxruntime-web in a page. */
import { createRng } from '@bitcliff/core';
import { createKernels } from '@bitcliff/kernels';
import { resolveRecipes } from '@bitcliff/quantize';
import { type Checkpoint, createEngine, type Ort, type SessionOptions } from '../src/index.ts';
import { int8Difference } from './helpers/run-linear.ts';

/** A golden model of every architecture. */
export const BROWSER_MODELS = [
  'bloom_6heads_hub_names',
  'cohere_qknorm',
  'gemma',
  'gpt2_hub_names',
  'gpt_neox_fp16',
  'llama',
  'mistral_window8',
  'olmo2',
  'olmo_clip',
  'opt_postnorm',
  'phi',
  'qwen2',
  'qwen3',
] as const;

const NEW_TOKENS = 8;

/** What came out, as JSON holds it; variants are `baseline`, `w8a8`, `w4` and `llm-int8`. */
export interface ModelRun {
  /** By sequence, then variant: [tokens × vocabulary]. */
  readonly logits: readonly (readonly number[])[][];
  /** By variant: the log-probability of each token of each request. */
  readonly scores: readonly (readonly number[])[];
  /** By tap: the largest magnitude of each channel, and the distance from the baseline. */
  readonly taps: readonly (readonly number[])[];
  /** By variant: what the first sequence goes on with. */
  readonly generated: readonly (readonly number[])[];
}

/** Logits, scores, taps and generation of the baseline and of three recipes. */
export async function runModel(
  ort: Ort,
  checkpoint: Checkpoint,
  sequences: readonly (readonly number[])[],
  options: SessionOptions,
): Promise<ModelRun> {
  const kernels = await createKernels({ backend: 'webasm' }); // the same codes to the bit in Node and in a page
  const recipes = resolveRecipes(['w8a8', 'w4', 'llm-int8']);
  const engine = await createEngine(checkpoint, { ...options, ort, recipes, kernels });
  const logits: number[][][] = [];
  for (const sequence of sequences)
    logits.push((await engine.logits(sequence)).map((result) => [...result.logits]));
  const requests = sequences.flatMap((ids) =>
    [3, 5].map((n) => ({ context: ids.slice(0, n), continuation: ids.slice(n) })),
  );
  const scores = await engine.score(requests);
  const records = await engine.trace(sequences);
  const generated: (readonly number[])[] = [];
  for (const variant of engine.variants) {
    const task = { variant, maxTokens: NEW_TOKENS, stopTokens: [] };
    generated.push((await engine.generate(sequences[0]!, task)).tokens);
  }
  await engine.dispose();
  await kernels.dispose();
  return {
    logits,
    scores: scores.map((variant) => variant.scores.flatMap(({ tokenLogProbs }) => [...tokenLogProbs])),
    taps: records.map(({ channels, difference }) => [...channels!.absMax, difference?.norm ?? 0]),
    generated,
  };
}

/** The int8 product against int32 arithmetic at K = 4096: all codes ±127, and signs at random. @returns max relative |diff| by case */
export async function int8Extremes(ort: Ort, options: SessionOptions): Promise<Record<string, number>> {
  const [S, K, N] = [5, 4096, 40];
  const rng = createRng(5);
  const signs = (n: number) => Float32Array.from({ length: n }, () => (rng.uint32() & 1 ? 1 : -1));
  const cases = {
    plus: { x: new Float32Array(S * K).fill(3), w: new Float32Array(K * N).fill(0.5) },
    minus: { x: new Float32Array(S * K).fill(3), w: new Float32Array(K * N).fill(-0.5) },
    mixed: { x: signs(S * K), w: signs(K * N) },
  };
  const worst: Record<string, number> = {};
  for (const [name, { x, w }] of Object.entries(cases))
    for (const unsigned of [false, true])
      worst[`${name}, ${unsigned ? 'u8' : 's8'} weights`] = await int8Difference(
        ort,
        { x, K, N, w },
        { ...options, unsigned },
      );
  return worst;
}
