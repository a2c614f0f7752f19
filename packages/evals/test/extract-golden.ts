/**
 * @file Makes `test/golden/*.json` from the reference goldens: `BITCLIFF_SHARED=… node test/extract-golden.ts`.
 * The source says of itself, in `about`, which program made the numbers.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const shared = process.env.BITCLIFF_SHARED;
if (shared === undefined)
  throw new Error('extract-golden: set BITCLIFF_SHARED to the folder of eval-golden.json');
const golden = JSON.parse(readFileSync(join(shared, 'eval-golden.json'), 'utf8'));

const write = (name: string, content: object): void => {
  const text = JSON.stringify({ about: golden._about, ...content }, null, 1);
  writeFileSync(new URL(`golden/${name}.json`, import.meta.url), `${text}\n`);
};

write('tasks', { hellaswag: golden.tasks.hellaswag, lambada_openai: golden.tasks.lambada_openai });
write('requests', { encode_pair: golden.encode_pair, truncation: golden.truncation });
write('text', {
  hellaswag_preprocess: golden.hellaswag_preprocess,
  py_capitalize: golden.py_capitalize,
  py_whitespace_codepoints: golden.py_whitespace_codepoints,
});
write('metrics', {
  mean_stderr: golden.metrics.mean_stderr,
  perplexity: golden.metrics.perplexity,
  multiple_choice_process_results: golden.metrics.multiple_choice_process_results,
});
