/** @file How far the next-token distributions of variants are from the baseline's, task by task: `bitcliff eval --divergence`. */
import { type PreparedTask, summarizeTokenDivergence, type TokenDivergenceSummary } from '@bitcliff/evals';
import type { VariantScores } from '@bitcliff/runtime';
import { textTable } from './text-table.ts';

/** The divergence of one variant. */
export interface VariantDivergence {
  readonly variant: string;
  /** Over all scored tokens of each task, in the order asked for. */
  readonly tasks: readonly { readonly task: string; readonly summary: TokenDivergenceSummary }[];
}

/** @param scores of all requests of all tasks, the baseline first */
export function summarizeDivergence(
  prepared: readonly PreparedTask[],
  scores: readonly VariantScores[],
): VariantDivergence[] {
  const [baseline, ...others] = scores;
  return others.map(({ variant, scores: own }) => {
    let at = 0;
    const tasks = prepared.map(({ task, requests }) => {
      const first = at;
      at += requests.length;
      const tokens = own.slice(first, at).flatMap(({ divergence, tokenLogProbs }, r) =>
        tokenLogProbs.map((logProb, j) => ({
          kld: divergence!.kl[j]!,
          sameTop: divergence!.sameTop[j]!,
          nllBase: -baseline!.scores[first + r]!.tokenLogProbs[j]!,
          nllOther: -logProb,
        })),
      );
      return { task: task.name, summary: summarizeTokenDivergence(tokens) };
    });
    return { variant, tasks };
  });
}

/** A row per task: mean KL divergence in nats, and the share of tokens where both have the same top token. */
export function renderDivergenceTable(divergence: readonly VariantDivergence[]): string {
  const rows = divergence[0]!.tasks.map(({ task, summary: { n } }, t) => [
    `${task} (${n} tokens)`,
    ...divergence.map(({ tasks }) => {
      const { meanKld, sameTop } = tasks[t]!.summary;
      const error = meanKld.stderr === null ? '' : ` ± ${meanKld.stderr.toPrecision(2)}`;
      return `${meanKld.value.toPrecision(4)}${error}, ${(100 * sameTop.value).toFixed(1)} %`;
    }),
  ]);
  const head = [
    'KL divergence from the baseline, nats; same top token',
    ...divergence.map(({ variant }) => variant),
  ];
  return textTable(head, rows);
}
