/** @file How much worse variants of a checkpoint predict a text, several of them in lockstep. */
import type { Recipe } from '@bitcliff/quantize';
import {
  type Checkpoint,
  createEngine,
  type Engine,
  type QuantizedBlocks,
  type ScoreRequest,
  type VariantScores,
} from '@bitcliff/runtime';
import { type AnalysisOptions, partOf } from './analysis-options.ts';

/** What runs beside the baseline. */
export interface LossVariant {
  readonly recipe: Recipe;
  /** @default the recipe is applied to weights as they are read */
  readonly blocks?: QuantizedBlocks | undefined;
}

/** How well a variant predicts the sequences. */
export interface VariantLoss {
  readonly variant: string;
  /** Mean negative log-likelihood of a token, nats. */
  readonly nll: number;
  /** Above the baseline's. */
  readonly deltaNll: number;
  /** Mean KL(baseline ‖ variant) over tokens, nats. */
  readonly kl: number;
  /** Share of tokens where both find the same token the most probable. */
  readonly sameTop: number;
  /** What `evaluate` gave; `null` without it. */
  readonly score: number | null;
}

/** Options of a measurement of losses. */
export interface LossOptions extends AnalysisOptions {
  /** Variants that run in lockstep: more are faster and take more memory. @default 8 */
  readonly lockstep?: number | undefined;
  /** A task score of each variant of an engine, in their order. @default none */
  readonly evaluate?: ((engine: Engine) => Promise<readonly number[]>) | undefined;
}

/** Every token but the first of each sequence is predicted. */
export function lossRequests(sequences: readonly ArrayLike<number>[]): ScoreRequest[] {
  return sequences.map((sequence) => {
    const ids = Array.from(sequence);
    return { context: ids.slice(0, 1), continuation: ids.slice(1) };
  });
}

/**
 * Measure variants on whole sequences.
 * @param sequences token ids, at least two each
 * @returns the baseline, then the variants in order
 */
export async function measureLoss(
  checkpoint: Checkpoint,
  variants: readonly LossVariant[],
  sequences: readonly ArrayLike<number>[],
  options: LossOptions,
): Promise<VariantLoss[]> {
  const { lockstep = 8, evaluate } = options;
  const requests = lossRequests(sequences);
  const results: VariantLoss[] = [];
  const chunks = Math.max(1, Math.ceil(variants.length / lockstep));
  for (let chunk = 0; chunk < chunks; chunk++) {
    const own = variants.slice(chunk * lockstep, (chunk + 1) * lockstep);
    const engine = await createEngine(checkpoint, {
      ...options,
      recipes: own.map(({ recipe }) => recipe),
      quantized: new Map(own.flatMap(({ recipe, blocks }) => (blocks ? [[recipe.name, blocks]] : []))),
    });
    try {
      const task = partOf(options, chunk, chunks);
      const scores = await engine.score(requests, { ...task, divergence: own.length > 0 });
      const values = await evaluate?.(engine);
      const [base] = scores;
      for (const [v, scored] of scores.entries()) {
        if (v > 0 || chunk === 0) results.push(summarize(scored, base!, values?.[v] ?? null));
      }
    } finally {
      await engine.dispose();
    }
  }
  return results;
}

function summarize(
  { variant, scores }: VariantScores,
  base: VariantScores,
  score: number | null,
): VariantLoss {
  const tokens = scores.reduce((sum, { tokenLogProbs }) => sum + tokenLogProbs.length, 0);
  const nllOf = (list: VariantScores['scores']): number =>
    -list.reduce((sum, { logProb }) => sum + logProb, 0) / tokens;
  const nll = nllOf(scores);
  let [kl, sameTop] = [0, 0];
  for (const { divergence, tokenLogProbs } of scores) {
    kl += divergence?.kl.reduce((a, b) => a + b, 0) ?? 0;
    sameTop += divergence?.sameTop.filter(Boolean).length ?? tokenLogProbs.length;
  }
  return {
    variant,
    nll,
    deltaNll: nll - nllOf(base.scores),
    kl: kl / tokens,
    sameTop: sameTop / tokens,
    score,
  };
}
