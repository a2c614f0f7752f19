import { UnsupportedError } from '@bitcliff/core';
import type { RequestScore, TokenScore } from './score-head.ts';

/** The scores of one variant, in the order of the requests. */
export interface VariantScores {
  /** `baseline` or the name of a recipe. */
  readonly variant: string;
  readonly scores: readonly RequestScore[];
}

/** The scores of all variants while they come in, token by token. */
export interface ScoreCollection {
  put(variant: number, request: number, place: number, score: TokenScore): void;
  /** @throws {UnsupportedError} for a score that is not finite */
  finish(): VariantScores[];
}

/**
 * @param variants their names  @param requests how many
 * @param options.divergence all variants but the first are compared with it  @param options.path of the checkpoint
 */
export function createScoreCollection(
  variants: readonly string[],
  requests: number,
  { divergence, path }: { readonly divergence: boolean; readonly path: string },
): ScoreCollection {
  const scores = variants.map((_, v) =>
    Array.from({ length: requests }, () => emptyScore(divergence && v > 0)),
  );
  return {
    put: (variant, request, place, score) => addToken(scores[variant]![request]!, place, score),
    finish() {
      for (const [v, list] of scores.entries()) {
        for (const score of list) for (const logProb of score.tokenLogProbs) score.logProb += logProb;
        checkFinite(variants[v]!, list, path);
      }
      return scores.map((list, v) => ({ variant: variants[v]!, scores: list }));
    },
  };
}

type MutableScore = { -readonly [K in keyof RequestScore]: RequestScore[K] };

function emptyScore(divergence: boolean): MutableScore {
  return {
    logProb: 0,
    isGreedy: true,
    tokenLogProbs: [],
    divergence: divergence ? { kl: [], sameTop: [] } : null,
  };
}

function addToken(score: MutableScore, place: number, token: TokenScore): void {
  (score.tokenLogProbs as number[])[place] = token.logProb;
  if (!token.isTop) score.isGreedy = false;
  if (score.divergence === null) return;
  (score.divergence.kl as number[])[place] = token.kl;
  (score.divergence.sameTop as boolean[])[place] = token.sameTop;
}

function checkFinite(variant: string, scores: readonly RequestScore[], path: string): void {
  const bad = scores.findIndex((score) => !Number.isFinite(score.logProb));
  if (bad === -1) return;
  throw new UnsupportedError({
    op: 'score',
    problem: `variant "${variant}" gave a score that is not finite`,
    expected: 'finite log-probabilities',
    received: scores[bad]!.logProb,
    where: `request ${bad}`,
    path,
    hint: 'Activations overflowed, or a weight outside the linear layers is not finite',
  });
}
