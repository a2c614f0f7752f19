import { describe, expect, test } from 'vitest';
import { fromHubConfig, toHubConfig } from './hub-config.ts';
import type { ModelConfig } from './model-config.ts';

const sizes = {
  vocabularySize: 10,
  hiddenSize: 8,
  layers: 2,
  heads: 4,
  intermediateSize: 12,
  sequenceLength: 16,
  normEpsilon: 1e-6,
};
const models: ModelConfig[] = [
  { architecture: 'gpt2', ...sizes },
  { architecture: 'llama', ...sizes, keyValueHeads: 2, ropeTheta: 500 },
];
const extras = { bosTokenId: 0, eosTokenId: undefined, dropout: 0.1, dtype: 'bfloat16' } as const;

describe.each(models)('$architecture', (model) => {
  const config = toHubConfig(model, extras);

  test('comes back from its config.json', () => {
    expect(fromHubConfig(JSON.parse(JSON.stringify(config)), 'config.json')).toEqual(model);
  });

  test('says that its embeddings are untied, and what its tokens are', () => {
    expect(config).toMatchObject({
      tie_word_embeddings: false,
      bos_token_id: 0,
      eos_token_id: null,
      torch_dtype: 'bfloat16',
    });
  });

  test('is refused with a field missing, or tied', () => {
    expect(() => fromHubConfig({ ...config, vocab_size: undefined }, 'c.json')).toThrow(
      'readCheckpoint: config.json without vocab_size, expected a number (c.json)',
    );
    expect(() => fromHubConfig({ ...config, tie_word_embeddings: true }, 'c.json')).toThrow(
      'expected model_type gpt2 or llama with untied embeddings',
    );
  });
});

test('other models are refused', () => {
  expect(() => fromHubConfig({ model_type: 'opt', tie_word_embeddings: false }, 'c.json')).toThrow(
    'received "opt"',
  );
});
