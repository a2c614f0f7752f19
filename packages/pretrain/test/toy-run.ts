/** @file A run small enough for tests: counting in words, a tokenizer of whole words. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createRng } from '@bitcliff/core';
import { definePretraining, type Pretraining, type PretrainingConfig } from '../src/index.ts';

const WORDS = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

/** tokenizer.json of a vocabulary of words. */
export function wordTokenizer(words: readonly string[]): object {
  const special = ['<s>', '</s>', '<unk>'];
  const vocab = Object.fromEntries([...special, ...words].map((word, id) => [word, id]));
  return {
    version: '1.0',
    added_tokens: special.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: null,
    decoder: null,
    model: { type: 'WordLevel', vocab, unk_token: '<unk>' },
  };
}

/** Write corpus and tokenizer to a folder, and describe a training on them. */
export function toyRun(folder: string, changes: Partial<PretrainingConfig> = {}): Pretraining {
  const rng = createRng(6);
  const texts = Array.from({ length: 300 }, () => {
    const first = rng.int(10);
    return Array.from({ length: 3 + rng.int(6) }, (_, i) => WORDS[(first + i) % 10]).join(' ');
  });
  mkdirSync(join(folder, 'tokenizer'), { recursive: true });
  writeFileSync(join(folder, 'corpus.txt'), texts.join('\n'));
  writeFileSync(join(folder, 'tokenizer', 'tokenizer.json'), JSON.stringify(wordTokenizer(WORDS)));
  const config = {
    tokenizer_class: 'PreTrainedTokenizerFast',
    bos_token: '<s>',
    eos_token: '</s>',
    unk_token: '<unk>',
  };
  writeFileSync(join(folder, 'tokenizer', 'tokenizer_config.json'), JSON.stringify(config));
  return definePretraining({
    out: join(folder, 'runs'),
    data: {
      files: [join(folder, 'corpus.txt')],
      separator: '\n',
      heldOut: 0.1,
      tokenizer: join(folder, 'tokenizer'),
    },
    model: { architecture: 'gpt2', hiddenSize: 16, layers: 1, heads: 2, sequenceLength: 16 },
    training: { steps: 12, batchSize: 4, learningRate: 0.01, warmupSteps: 2, initDeviation: 0.1 },
    checkpoints: [0, 5],
    saveStateEvery: 4,
    ...changes,
  });
}
