import { describe, expect, test } from 'vitest';
import {
  bootstrapStderr,
  countFlips,
  createPythonRandom,
  mcNemar,
  mean,
  pairedDifference,
  pooledStderr,
  quantile,
  summarizeTokenDivergence,
  tokenDivergence,
  weightedMean,
} from '../src/index.ts';
import { readGolden } from './read-golden.ts';

const metrics = readGolden<{
  perplexity: { items: number[]; bootstrap_stderr_iters1000: number; bootstrap_stderr_iters3000: number };
  py_random: {
    'seed0_random()x5': number[];
    'seed1_random()x3': number[];
    'seed0_choices(range(6),k=6)': number[];
  };
  pooled_sample_stderr: { stderrs: number[]; sizes: number[]; value: number };
  aggregate_subtask_metrics: { metrics: number[]; sizes: number[]; weighted: number; unweighted: number };
}>('metrics');

type McNemarCase = {
  b_base_right_quant_wrong: number;
  c_base_wrong_quant_right: number;
  p_exact: number;
  p_mid: number;
  chi2_cc: number;
  p_chi2_cc: number;
};
const { paired_stats: paired, kl } = readGolden<{
  paired_stats: {
    base_correct: number[];
    quant_correct: number[];
    cluster: number[];
    delta_quant_minus_base: number;
    se_paired: number;
    se_paired_clustered: number;
    se_paired_clustered_miller: number;
    se_unpaired: number;
    corr: number;
    flips: { correct_to_incorrect: number; incorrect_to_correct: number; flips_pct: number };
    mcnemar: McNemarCase;
    mcnemar_more: McNemarCase[];
    all_flips: {
      gold: number[];
      base_pred: number[];
      quant_pred: number[];
      flips_pct: number;
      all_flips_pct: number;
    };
  };
  kl: {
    base_logits: number[][];
    quant_logits: number[][];
    next_token: number[];
    kld: number[];
    delta_p: number[];
  } & Record<
    | 'mean_kld'
    | 'median'
    | 'p90'
    | 'p99'
    | 'max'
    | 'min'
    | 'rms_delta_p'
    | 'mean_delta_p'
    | 'same_top'
    | 'ppl_base'
    | 'ppl_quant'
    | 'mean_ln_ratio',
    number
  >;
}>('statistics');

/** Relative, or absolute near 0; names the value on failure. */
function expectClose(received: number | null, expected: number, name = 'value'): void {
  const error = Math.abs(received! - expected) / Math.max(1, Math.abs(expected));
  expect(error, `${name}: ${received} for ${expected}`).toBeLessThan(1e-12);
}

describe("Python's random numbers", () => {
  const golden = metrics.py_random;
  test('random()', () => {
    for (const [seed, expected] of [golden['seed0_random()x5'], golden['seed1_random()x3']].entries()) {
      const random = createPythonRandom(seed);
      expect(expected.map(() => random.random())).toEqual(expected);
    }
  });
  test('choices()', () => {
    const random = createPythonRandom(0);
    const expected = golden['seed0_choices(range(6),k=6)'];
    expect(expected.map(() => random.choice(6))).toEqual(expected);
  });
});

test.each([1000, 3000] as const)('literal bootstrap, %d replicates', (iterations) => {
  const perplexity = (items: readonly number[]): number => Math.exp(-mean(items));
  const stderr = bootstrapStderr(metrics.perplexity.items, perplexity, iterations);
  expectClose(stderr, metrics.perplexity[`bootstrap_stderr_iters${iterations}`]);
});

test('subtasks', () => {
  const { stderrs, sizes, value } = metrics.pooled_sample_stderr;
  expectClose(pooledStderr(stderrs, sizes), value);
  const group = metrics.aggregate_subtask_metrics;
  expect(weightedMean(group.metrics, group.sizes)).toBe(group.weighted);
  expect(mean(group.metrics)).toBe(group.unweighted);
});

test('paired difference', () => {
  const result = pairedDifference(paired.base_correct, paired.quant_correct, paired.cluster);
  expectClose(result.difference, paired.delta_quant_minus_base, 'difference');
  expectClose(result.stderr, paired.se_paired, 'stderr');
  expectClose(result.clusteredStderr, paired.se_paired_clustered, 'clusteredStderr');
  expectClose(result.clusteredStderrMiller, paired.se_paired_clustered_miller, 'clusteredStderrMiller');
  expectClose(result.unpairedStderr, paired.se_unpaired, 'unpairedStderr');
  expectClose(result.correlation, paired.corr, 'correlation');
});

test.each([paired.mcnemar, ...paired.mcnemar_more])('McNemar %o', (expected) => {
  const result = mcNemar(expected.b_base_right_quant_wrong, expected.c_base_wrong_quant_right);
  expectClose(result.pExact, expected.p_exact, 'pExact');
  expectClose(result.pMid, expected.p_mid, 'pMid');
  expectClose(result.chi2, expected.chi2_cc, 'chi2');
  expectClose(result.pChi2, expected.p_chi2_cc, 'pChi2');
});

test('flips', () => {
  const items = (correct: number[]) => correct.map((hit) => ({ correct: hit === 1, prediction: null }));
  const flips = countFlips(items(paired.base_correct), items(paired.quant_correct));
  expect(flips.correctToIncorrect).toBe(paired.flips.correct_to_incorrect);
  expect(flips.incorrectToCorrect).toBe(paired.flips.incorrect_to_correct);
  expectClose(100 * flips.share, paired.flips.flips_pct);
  expect(flips.allShare).toBeNull();
});

test('all flips', () => {
  const { gold, base_pred, quant_pred, flips_pct, all_flips_pct } = paired.all_flips;
  const items = (predictions: number[]) =>
    predictions.map((prediction, i) => ({ correct: prediction === gold[i], prediction }));
  const flips = countFlips(items(base_pred), items(quant_pred));
  expectClose(100 * flips.share, flips_pct);
  expectClose(100 * flips.allShare!, all_flips_pct);
});

test('token divergence', () => {
  const tokens = kl.base_logits.map((base, i) =>
    tokenDivergence(base, kl.quant_logits[i]!, kl.next_token[i]!),
  );
  for (const [i, token] of tokens.entries()) {
    expectClose(token.kld, kl.kld[i]!, `kld ${i}`);
    expectClose(Math.exp(-token.nllOther) - Math.exp(-token.nllBase), kl.delta_p[i]!, `delta p ${i}`);
  }
  const summary = summarizeTokenDivergence(tokens);
  const percentile = (f: number) => summary.kldPercentiles.find(([fraction]) => fraction === f)![1];
  expectClose(summary.meanKld.value, kl.mean_kld, 'mean_kld');
  expectClose(percentile(0.5), kl.median, 'median');
  expectClose(percentile(0.9), kl.p90, 'p90');
  expectClose(percentile(0.99), kl.p99, 'p99');
  expectClose(summary.maxKld, kl.max, 'max');
  expectClose(summary.minKld, kl.min, 'min');
  expectClose(summary.rmsDeltaP.value, kl.rms_delta_p, 'rms');
  expectClose(summary.meanDeltaP.value, kl.mean_delta_p, 'mean_delta_p');
  expectClose(summary.sameTop.value, kl.same_top, 'same_top');
  expectClose(summary.perplexityBase, kl.ppl_base, 'ppl_base');
  expectClose(summary.perplexityOther, kl.ppl_quant, 'ppl_quant');
  expectClose(summary.logRatio.value, kl.mean_ln_ratio, 'mean_ln_ratio');
});

test('quantile interpolates at f·(n − 1)', () => {
  expect(quantile([1, 2, 4], 0.75)).toBe(3);
});
