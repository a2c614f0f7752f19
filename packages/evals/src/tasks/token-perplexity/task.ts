import { InternalError } from '@bitcliff/core';
import { readRow } from '../../data/row-reader.ts';
import { createTextEncoder } from '../../encode-pair.ts';
import { tokenPerplexity } from '../../metrics/text-perplexity.ts';
import type { DataFile, HubData, Task } from '../../task.ts';
import { standardFiles } from '../choice-task.ts';
import { gptqWindows, llamacppWindows } from './windows.ts';

/** A piece of the text; may be empty. */
export type TextRow = { readonly text: string };

const GPTQ_LENGTH = 2048; // gptq: model.seqlen
const GPTQ_C4_DOCUMENTS = 1100; // gptq datautils.py get_c4_new
const GPTQ_C4_WINDOWS = 256;
const LLAMACPP_LENGTH = 512; // llama.cpp: the default of --ctx-size in its perplexity tool

const WIKITEXT_FILES = [
  'wikitext-2/wiki.test.raw',
  'wikitext-2-raw/wiki.test.raw',
  'wikitext-2/test.raw.txt',
];

function perplexityTask(
  options: Pick<Task<TextRow>, 'name' | 'split' | 'files' | 'hub' | 'cutWindows'>,
): Task<TextRow> {
  const { name } = options;
  return {
    ...options,
    version: 'bitcliff-1',
    outputType: 'windows',
    headline: 'token_perplexity',
    metrics: { token_perplexity: tokenPerplexity },
    parseRow: (columns, place) => ({ text: readRow(name, columns, place).string('text') }),
    buildItem: () => {
      throw new InternalError('a task of windows has no items of its own');
    },
  };
}

/** Lines as the data set has them: with their end, and empty where the line is blank. */
function splitLines(text: string): { columns: TextRow; line: number }[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line, i) => ({
    columns: { text: line.trim() === '' ? '' : `${line}\n` },
    line: i + 1,
  }));
}

const wikitextHub: HubData<TextRow> = {
  repo: 'Salesforce/wikitext',
  revision: 'main',
  file: { layout: 'parquet', path: 'wikitext-2-raw-v1/test-*.parquet' },
};

/** WikiText-2 in the protocol of most quantization papers: rows joined with blank lines, windows of 2048 tokens (or of the model's maximum). */
export const wikitext2Gptq: Task<TextRow> = perplexityTask({
  name: 'wikitext2_gptq',
  split: 'test',
  hub: wikitextHub,
  files: [
    ...standardFiles('wikitext2_gptq', 'test', wikitextHub),
    ...WIKITEXT_FILES.map((path): DataFile<TextRow> => ({ layout: 'text', path, split: splitLines })),
  ],
  cutWindows(rows, tokenizer, options) {
    const tokens = createTextEncoder(tokenizer, options)(rows.map(({ text }) => text).join('\n\n'));
    return gptqWindows(tokens, Math.min(GPTQ_LENGTH, options.maxLength));
  },
});

const c4Hub: HubData<TextRow> = {
  repo: 'allenai/c4',
  revision: 'main',
  file: { layout: 'jsonl', path: 'en/c4-validation.00000-of-00008.json' }, // gzipped on the Hub
};

/** C4 in GPTQ's newer protocol: the first 1,100 documents joined with spaces, at most 256 windows. */
export const c4Gptq: Task<TextRow> = perplexityTask({
  name: 'c4_gptq',
  split: 'validation',
  hub: c4Hub,
  files: [
    ...standardFiles('c4_gptq', 'validation', c4Hub),
    { layout: 'jsonl', path: `c4/${c4Hub.file.path}` },
    { layout: 'jsonl', path: 'text/c4-sample.json' },
  ],
  cutWindows(rows, tokenizer, options) {
    const documents = rows.slice(0, GPTQ_C4_DOCUMENTS).map(({ text }) => text);
    const tokens = createTextEncoder(tokenizer, options)(documents.join(' '));
    return gptqWindows(tokens, Math.min(GPTQ_LENGTH, options.maxLength), GPTQ_C4_WINDOWS);
  },
});

/** WikiText-2 in llama.cpp's protocol: the raw file, windows of 512 tokens, the second half of each scored. */
export const wikitext2Llamacpp: Task<TextRow> = perplexityTask({
  name: 'wikitext2_llamacpp',
  split: 'test',
  files: ['wikitext2_llamacpp.txt', ...WIKITEXT_FILES].map(
    (path): DataFile<TextRow> => ({
      layout: 'text',
      path,
      split: (text) => [{ columns: { text }, line: 1 }],
    }),
  ),
  cutWindows(rows, tokenizer, options) {
    const tokens = createTextEncoder(tokenizer, options)(rows.map(({ text }) => text).join(''));
    const addsBos = tokens.length > 0 && tokens[0] === tokenizer.bosTokenId;
    const length = Math.min(LLAMACPP_LENGTH, options.maxLength);
    return llamacppWindows(tokens, length, addsBos ? tokenizer.bosTokenId : undefined);
  },
});
