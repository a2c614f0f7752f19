import { hellaswag, type PreparedTask, prepareTask } from '@bitcliff/evals';
import { loadTaskRows } from '@bitcliff/evals/node';
import { createTokenizer } from '@bitcliff/runtime';
import { Tokenizer } from '@huggingface/tokenizers';
import type { Benchmark } from '../benchmark.ts';
import { type Ratio, ratiosOf } from '../interleave.ts';
import { llamaTokenizer, publishedTokenizer, sharedData } from './shared-data.ts';

/** Rows of the validation split; the published rows that are here are repeated up to it. */
const ITEMS = 10_042;
const SECONDS = 10;

/** Rows of HellaSwag to token requests, beside the library's own tokenizer, which must give the same requests. */
export const prepare: Benchmark = {
  name: 'prepare',
  title: `${ITEMS} HellaSwag items to token requests`,
  baseline: `${SECONDS} s`,
  relation: 'as a part of',
  limits: { gpt2: 1, 'gpt-neox': 1, llama: 1 },
  async run(_, { rounds = 3 }) {
    const data = sharedData('prepare');
    if (data === undefined) return { ratios: [], consumed: 0 };
    const published = (await loadTaskRows(hellaswag, data)).rows;
    const rows = Array.from({ length: ITEMS }, (_, i) => published[i % published.length]!);
    const tokenizers = {
      gpt2: await publishedTokenizer(data, 'gpt2/tokenizer.json.gz'),
      'gpt-neox': await publishedTokenizer(data, 'gpt-neox/20B_tokenizer.json.gz'),
      llama: await llamaTokenizer(data),
    };
    const ratios: Ratio[] = [];
    for (const [name, { tokenizer, config }] of Object.entries(tokenizers)) {
      const times = new Map<string, number[]>([
        ['library', []],
        ['createTokenizer', []],
        ['allowed', new Array(rounds).fill(1000 * SECONDS)],
      ]);
      for (let round = 0; round < rounds; round++) {
        // a new tokenizer each time: what it remembers is a part of the cost
        const own = createTokenizer(tokenizer, config, name);
        const library = new Tokenizer(tokenizer, config);
        const encode = (text: string, options: { addSpecialTokens?: boolean } = {}): number[] =>
          library.encode(text, { add_special_tokens: options.addSpecialTokens ?? true }).ids;
        const results = [
          ['library', { ...own, encode }],
          ['createTokenizer', own],
        ] as const;
        const prepared = results.map(([which, used]): PreparedTask['requests'] => {
          const start = performance.now();
          const { requests } = prepareTask(hellaswag, rows, used, { maxLength: 2048, prefixTokenId: 0 });
          times.get(which)!.push(performance.now() - start);
          return requests;
        });
        if (round === 0 && JSON.stringify(prepared[0]) !== JSON.stringify(prepared[1]))
          throw new Error(`prepare: ${name} gives other ids than the library`);
      }
      const [ours] = ratiosOf(times, 'library').filter((ratio) => ratio.name === 'createTokenizer');
      console.error(
        `${name}: ${(ours!.milliseconds / 1000).toFixed(1)} s, ${ours!.median.toFixed(1)} times as fast as the library`,
      );
      const part = ratiosOf(times, 'createTokenizer').find((ratio) => ratio.name === 'allowed')!;
      ratios.push({ ...part, name });
    }
    return { ratios, consumed: 0 };
  },
};
