import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTexts } from './corpus.ts';
import {
  CORPUS_SEED,
  CORPUS_TEXTS,
  HELD_OUT_SEED,
  HELD_OUT_TEXTS,
  SEPARATOR,
  SEQUENCE_LENGTH,
  TOKENIZER_TEXTS,
  VOCABULARY_SIZE,
} from './demo-config.ts';
import { trainTokenizer } from './tokenizer.ts';

/** Write corpus.txt, held-out.txt and tokenizer/ to a folder. */
export function prepareCorpus(folder: string): void {
  const texts = createTexts(CORPUS_SEED, CORPUS_TEXTS, false);
  const tokenizer = trainTokenizer(texts.slice(0, TOKENIZER_TEXTS), VOCABULARY_SIZE, SEQUENCE_LENGTH);
  const files = {
    'corpus.txt': texts.join(SEPARATOR),
    'held-out.txt': createTexts(HELD_OUT_SEED, HELD_OUT_TEXTS, true).join(SEPARATOR),
    'tokenizer/tokenizer.json': `${JSON.stringify(tokenizer.tokenizer)}\n`,
    'tokenizer/tokenizer_config.json': `${JSON.stringify(tokenizer.config, null, 2)}\n`,
  };
  mkdirSync(join(folder, 'tokenizer'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}
