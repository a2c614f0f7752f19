import { readRow } from '../data/row-reader.ts';
import { bitsPerByte, bytePerplexity, wordPerplexity } from '../metrics/text-perplexity.ts';
import type { DataFile, HubData, Task } from '../task.ts';
import { utf8Length } from '../text/utf8-length.ts';
import { pyWordCount } from '../text/word-count.ts';
import { detokenize } from './wikitext/detokenize.ts';

/** A document as it is stored, before cleaning. */
export interface RollingRow {
  /** At least one character. */
  readonly text: string;
}

/** Perplexity of whole documents: the likelihood is that of the cleaned text, words and bytes are counted before cleaning, as in the harness. */
export function rollingTask(options: {
  readonly name: string;
  readonly version: string;
  readonly split: string;
  readonly column: string;
  readonly files: readonly DataFile<RollingRow>[];
  readonly hub: HubData<RollingRow>;
}): Task<RollingRow> {
  const { name, version, split, column, files, hub } = options;
  return {
    name,
    version,
    outputType: 'loglikelihood_rolling',
    split,
    headline: 'word_perplexity',
    metrics: { word_perplexity: wordPerplexity, byte_perplexity: bytePerplexity, bits_per_byte: bitsPerByte },
    files,
    hub,
    parseRow: (columns, place) => ({ text: readRow(name, columns, place).filled(column) }),
    buildItem: ({ text }) => ({
      requests: [{ context: '', continuation: detokenize(text) }],
      choices: [],
      gold: null,
      size: { words: pyWordCount(text), bytes: utf8Length(text) },
    }),
  };
}
