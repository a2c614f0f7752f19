import { InvalidInputError } from '@bitcliff/core';
import { resolveRecipes } from '@bitcliff/quantize';
import { scoreTokens, type TextTokenizer, type TokenScores } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import type { Command } from 'commander';
import { addEngineOptions, type EngineFlags, openEngine } from './engine-options.ts';
import { localPath } from './local-path.ts';
import { parseIds } from './option-values.ts';
import type { Terminal } from './terminal.ts';
import { textTable } from './text-table.ts';

interface ScoreOptions extends EngineFlags {
  readonly text?: string;
  readonly ids?: readonly number[];
  readonly recipe?: string;
  readonly json?: boolean;
}

/** `bitcliff score`: the log-probability of each token of a text. */
export function addScoreCommand(
  program: Command,
  context: { terminal: Terminal; signal: AbortSignal },
): void {
  const command = program
    .command('score')
    .description("Print each token's log-probability and rank, and the perplexity of a text.")
    .argument('<checkpoint>', 'Hugging Face folder, or hf:org/name[@revision]')
    .option('--text <text>', 'text to score; the tokenizer decides about a BOS token')
    .option('--ids <ids>', 'token ids with commas between; needs no tokenizer', parseIds)
    .option('--recipe <name>', 'score the model under this recipe (default: unquantized)')
    .option('--json', 'print {ids, tokenLogProbs, argmax, perplexity} as JSON');
  addEngineOptions(command)
    .addHelpText(
      'after',
      "\nExample:\n  $ bitcliff score models/my-llama --text 'Once upon a time' --recipe w8a8",
    )
    .action(async (path: string, options: ScoreOptions) => {
      checkOptions(options);
      const recipes = options.recipe === undefined ? [] : resolveRecipes([options.recipe]);
      const checkpoint = await openCheckpoint(await localPath(path, { signal: context.signal }));
      try {
        const tokenizer = options.text === undefined ? undefined : await checkpoint.tokenizer();
        const ids = options.ids ?? tokenizer!.encode(options.text!);
        const engine = await openEngine(checkpoint, options, { recipes, baseline: recipes.length === 0 });
        try {
          const [variant] = await engine.logits(ids, { signal: context.signal });
          const scores = scoreTokens(ids, variant!.logits);
          const text = options.json
            ? `${JSON.stringify(toJson(ids, scores))}\n`
            : renderScores(ids, scores, tokenizer);
          context.terminal.stdout.write(text);
        } finally {
          await engine.dispose();
        }
      } finally {
        await checkpoint.close();
      }
    });
}

function checkOptions({ text, ids }: ScoreOptions): void {
  if ((text === undefined) !== (ids === undefined)) return;
  throw new InvalidInputError({
    op: 'score',
    problem: text === undefined ? 'nothing to score' : 'two things to score',
    expected: 'either --text or --ids',
  });
}

function toJson(ids: readonly number[], { tokenLogProbs, argmax, perplexity }: TokenScores): object {
  return { ids, tokenLogProbs, argmax, perplexity };
}

function renderScores(
  ids: readonly number[],
  scores: TokenScores,
  tokenizer: TextTokenizer | undefined,
): string {
  const rows = ids.map((id, t) => [
    String(t),
    String(id),
    ...(tokenizer === undefined ? [] : [JSON.stringify(tokenizer.decode([id]))]),
    t === 0 ? '–' : scores.tokenLogProbs[t - 1]!.toFixed(4),
    t === 0 ? '–' : String(scores.ranks[t - 1]!),
  ]);
  const head = ['position', 'id', ...(tokenizer === undefined ? [] : ['token']), 'log p', 'rank'];
  const last =
    scores.perplexity === null ? 'one token: no perplexity' : `perplexity ${scores.perplexity.toFixed(4)}`;
  return `${textTable(head, rows)}\n${last}\n`;
}
