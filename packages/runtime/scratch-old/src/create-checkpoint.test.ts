import { Tensor } from '@bitcliff/core';
import { encodeSafetensors, memorySource, openSafetensors } from '@bitcliff/formats';
import { describe, expect, it } from 'vitest';
import { TINY_LLAMA, tinyCheckpoint } from '../test/helpers/tiny-checkpoint.ts';
import { createCheckpoint } from './create-checkpoint.ts';

const vocab = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`t${i}`, i]));
const files = {
  tokenizer: {
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'Whitespace' },
    post_processor: null,
    decoder: null,
    model: { type: 'WordLevel', vocab, unk_token: 't0' },
  },
  config: {},
};

describe('createCheckpoint', () => {
  it('takes config, tensors, tokenizer and metadata', async () => {
    const { tensors } = await tinyCheckpoint();
    let reads = 0;
    const tokenizer = async () => {
      reads++;
      return files;
    };
    const checkpoint = createCheckpoint({
      path: 'tab',
      config: TINY_LLAMA,
      tensors,
      tokenizer,
      metadata: { step: 5 },
    });
    expect(checkpoint).toMatchObject({ path: 'tab', metadata: { step: 5 }, spec: { hiddenSize: 32 } });
    expect(reads).toBe(0);
    expect((await checkpoint.tokenizer()).encode('t3 t7')).toEqual([3, 7]);
    expect((await checkpoint.tokenizer()).encode('t4')).toEqual([4]);
    expect(reads).toBe(1);
  });

  it('says what is missing', async () => {
    const { tensors } = await tinyCheckpoint();
    const checkpoint = createCheckpoint({ path: 'tab', config: TINY_LLAMA, tensors });
    await expect(checkpoint.tokenizer()).rejects.toThrow(
      'openCheckpoint: the checkpoint has no tokenizer (tab)',
    );
    const bytes = encodeSafetensors(new Map([['x', new Tensor('F32', [1], Float32Array.of(1))]]));
    const empty = await openSafetensors(memorySource(bytes, 'empty'));
    expect(() => createCheckpoint({ path: 'tab', config: TINY_LLAMA, tensors: empty })).toThrow(
      'missing tensor "model.embed_tokens.weight"',
    );
    expect(() => createCheckpoint({ path: 'tab', config: { model_type: 'mamba' }, tensors })).toThrow(
      'unknown architecture "mamba"',
    );
  });
});
