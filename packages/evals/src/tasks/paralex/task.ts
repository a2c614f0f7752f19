import { readRow, rowError } from '../../data/row-reader.ts';
import { byteLikelihood, meanByteLikelihood } from '../../metrics/byte-likelihood.ts';
import { bitsPerByte } from '../../metrics/text-perplexity.ts';
import type { Task } from '../../task.ts';
import { utf8Length } from '../../text/utf8-length.ts';
import { pyStrip } from '../../text/whitespace.ts';
import { standardFiles } from '../choice-task.ts';

/** A question and a paraphrase of it, both stripped. */
export interface ParalexRow {
  readonly source: string;
  /** At least one character. */
  readonly reference: string;
  readonly cluster: string;
}

/**
 * Paralex: how likely, per byte, is a paraphrase of a question? The definition is **ours**: the INT8 paper says "Likelihood (bytes)" and no more, so
 * scores must not be set equal to its column.
 * @see https://aclanthology.org/P13-1158
 */
export const paralex: Task<ParalexRow> = {
  name: 'paralex',
  version: 'bitcliff-1',
  outputType: 'loglikelihood',
  split: 'any',
  headline: 'likelihood_bytes',
  metrics: {
    likelihood_bytes: byteLikelihood,
    likelihood_bytes_macro: meanByteLikelihood,
    bits_per_byte: bitsPerByte,
  },
  files: standardFiles('paralex', 'test'),
  parseRow(columns, place) {
    const row = readRow('paralex', columns, place);
    const source = pyStrip(row.string('source'));
    const reference = pyStrip(row.string('reference'));
    if (source === '' || reference === '' || source === reference) {
      throw rowError('paralex', place, {
        problem: source === reference ? 'the reference is the source' : 'no text',
        expected: 'two different questions',
        received: JSON.stringify([source, reference].map((text) => text.slice(0, 40))),
      });
    }
    return { source, reference, cluster: row.optional('cluster') ?? source };
  },
  buildItem: ({ source, reference, cluster }) => ({
    requests: [{ context: `Question: ${source}\nParaphrase:`, continuation: ` ${reference}` }],
    choices: [],
    gold: null,
    size: { bytes: utf8Length(reference) }, // the delimiter is not counted
    cluster,
  }),
};
