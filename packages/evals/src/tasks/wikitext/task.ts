import type { HubData, Task } from '../../task.ts';
import { standardFiles } from '../choice-task.ts';
import { type RollingRow, rollingTask } from '../rolling-task.ts';
import { splitPages } from './split-pages.ts';

const hub: HubData<RollingRow> = {
  repo: 'EleutherAI/wikitext_document_level',
  revision: 'main',
  file: { layout: 'parquet', path: 'wikitext-2-raw-v1/wikitext-2-raw-v1-test.parquet' },
};

/**
 * WikiText-2, whole pages: perplexity per word and per byte, bits per byte. Not the perplexity of the quantization literature, which
 * is `wikitext2_gptq`.
 * @see https://arxiv.org/abs/1609.07843
 * @see lm_eval/tasks/wikitext @ 4e7e0d47
 */
export const wikitext: Task<RollingRow> = rollingTask({
  name: 'wikitext',
  version: '2.0',
  split: 'test',
  column: 'page',
  hub,
  files: [
    ...standardFiles('wikitext', 'test', hub),
    ...['wikitext-2/wiki.test.raw', 'wikitext-2-raw/wiki.test.raw', 'wikitext-2/test.raw.txt'].map(
      (path) => ({ layout: 'text', path, split: splitPages }) as const,
    ),
  ],
});
