/** @file The training text of the demo checkpoint, as stories, as texts and as token rows. */
import { createRng } from '@bitcliff/core';
import type { Tokenizer } from '@huggingface/tokenizers';
import { CORPUS_SEED, CORPUS_STORIES } from './demo-config.ts';
import { createStories, type Story, storyText } from './story.ts';
import { EOS_ID, encode } from './tokenizer.ts';

/** The training stories. */
export function trainingStories(): Story[] {
  return createStories(CORPUS_SEED, CORPUS_STORIES);
}

/** Stories as texts; about half carry their heading, as the rows of HellaSwag do. */
export function storyTexts(stories: readonly Story[], seed: number): string[] {
  const rng = createRng(seed);
  return stories.map((story) => (rng.uniform() < 0.5 ? `${story.label}: ` : '') + storyText(story));
}

/** Token rows of one length: inputs, the tokens that follow them, and 1 where a target counts. */
export interface Rows {
  readonly count: number;
  readonly length: number;
  /** i32[count, length] */
  readonly tokens: Int32Array<ArrayBuffer>;
  /** i32[count, length], number of the text within its row. */
  readonly texts: Int32Array<ArrayBuffer>;
  /** i32[count, length] */
  readonly targets: Int32Array<ArrayBuffer>;
  /** f32[count, length] */
  readonly weights: Float32Array<ArrayBuffer>;
}

const OPEN_ROWS = 16;

/** Put whole texts, each `<|bos|>` … `<|eos|>`, into rows, first fit; what is left of a row counts nothing. */
export function packRows(texts: readonly string[], tokenizer: Tokenizer, length: number): Rows {
  const room = length + 1; // the targets are the inputs moved by one
  const rows: number[][] = [];
  const open: number[][] = [];
  for (const text of texts) {
    const ids = [...encode(tokenizer, text), EOS_ID].slice(0, room);
    const fitting = open.find((row) => row.length + ids.length <= room);
    if (fitting !== undefined) {
      fitting.push(...ids);
      continue;
    }
    open.push(ids);
    if (open.length > OPEN_ROWS) rows.push(open.shift()!);
  }
  rows.push(...open);
  const tokens = new Int32Array(rows.length * length).fill(EOS_ID);
  const textNumbers = new Int32Array(rows.length * length);
  const targets = new Int32Array(rows.length * length).fill(EOS_ID);
  const weights = new Float32Array(rows.length * length);
  rows.forEach((ids, r) => {
    let textNumber = 0;
    for (let t = 0; t + 1 < ids.length; t++) {
      tokens[r * length + t] = ids[t]!;
      targets[r * length + t] = ids[t + 1]!;
      textNumbers[r * length + t] = textNumber;
      if (ids[t] === EOS_ID) textNumber++;
      else weights[r * length + t] = 1; // what follows the end of a text is no text
    }
  });
  return { count: rows.length, length, tokens, texts: textNumbers, targets, weights };
}
