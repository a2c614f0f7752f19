import { BitcliffError } from '@bitcliff/core';
import { type GgufTensor, type GgufValue, quantizeBlocks } from '@bitcliff/formats';
import { describe, expect, it } from 'vitest';
import { f32, f32Tensor, ggufFile, i32s, type ShortFields, strings } from '../../test/helpers/gguf.ts';
import { tinyCheckpoint } from '../../test/helpers/tiny-checkpoint.ts';
import { readBlock } from '../weights.ts';
import { ggufMetadata } from './gguf-metadata.ts';
import { ggufTensors } from './gguf-tensors.ts';
import { openGgufCheckpoint } from './open-gguf-checkpoint.ts';

const source = await tinyCheckpoint();
const FIELDS: ReadonlyMap<string, GgufValue> = ggufMetadata(source.spec, null, { fileType: 0, name: 'tiny' });
const TENSORS: GgufTensor[] = [];
for (const { data, ...rest } of ggufTensors(source, 'F32')) TENSORS.push({ ...rest, data: await data() });

/** Open the tiny model with changed metadata (`undefined` takes a key away) and tensors, and read its block. */
async function open(
  change: Record<string, ShortFields[string] | undefined> = {},
  tensors: readonly GgufTensor[] = TENSORS,
) {
  const merged: [string, unknown][] = Object.entries({ ...Object.fromEntries(FIELDS), ...change });
  const fields = Object.fromEntries(merged.filter(([, value]) => value !== undefined)) as ShortFields;
  const checkpoint = await openGgufCheckpoint(await ggufFile(fields, tensors));
  await readBlock(checkpoint, 0);
  return checkpoint;
}
const replaced = (name: string, ...by: GgufTensor[]): GgufTensor[] => [
  ...TENSORS.filter((tensor) => tensor.name !== name),
  ...by,
];

describe('openGgufCheckpoint', () => {
  it('has the spec of the checkpoint that was written', async () => {
    const { spec, path } = await open();
    expect(spec).toEqual(source.spec);
    expect(path).toBe('test.gguf');
  });

  it('fills in what older files leave out', async () => {
    const { spec } = await open({
      'llama.vocab_size': undefined,
      'llama.attention.key_length': undefined,
      'llama.attention.value_length': undefined,
      'llama.rope.dimension_count': undefined,
      'llama.rope.freq_base': undefined,
      'llama.expert_count': 0,
    });
    expect(spec).toEqual(source.spec);
  });

  it('ties the head where the file has no output.weight', async () => {
    const checkpoint = await open({}, replaced('output.weight'));
    expect(checkpoint.spec.head.tied).toBe(true);
  });

  it('reads rope scaling', async () => {
    const scalingOf = async (fields: ShortFields) => {
      const { positions } = (await open(fields)).spec;
      return positions.kind === 'rotary' ? positions.scaling : null;
    };
    expect(await scalingOf({ 'llama.rope.scaling.type': 'none' })).toEqual({ kind: 'none' });
    expect(await scalingOf({ 'llama.rope.scale_linear': f32(4) })).toEqual({ kind: 'linear', factor: 4 });
    expect(
      await scalingOf({
        'llama.rope.scaling.type': 'yarn',
        'llama.rope.scaling.factor': f32(4),
        'llama.rope.scaling.original_context_length': 16,
        'llama.rope.scaling.attn_factor': f32(2),
      }),
    ).toEqual({
      kind: 'yarn',
      factor: 4,
      originalMaxPositions: 16,
      betaFast: 32,
      betaSlow: 1,
      truncate: true,
      attentionFactor: 2 * (0.1 * Math.log(4) + 1),
    });
  });
});

const half = f32Tensor('blk.0.ffn_up.weight', [32, 32], new Float32Array(1024));
const nan = f32Tensor('blk.0.ffn_up.weight', [64, 32], new Float32Array(2048).fill(Number.NaN));
/** A block whose scale is an infinity: what a broken quantizer leaves. */
const brokenBlocks: GgufTensor = {
  name: 'blk.0.ffn_up.weight',
  shape: [64, 32],
  type: 'Q8_0',
  data: quantizeBlocks('Q8_0', new Float32Array(2048).fill(1)).fill(0x7c, 34, 36),
};
const factors = f32Tensor('rope_freqs.weight', [4], [1, 1, 8, 8]);

describe('bad GGUF checkpoints are named', () => {
  it.each<[string, Parameters<typeof open>, string, string]>([
    [
      'another architecture',
      [{ 'general.architecture': 'mamba' }],
      'UNKNOWN_NAME',
      'unknown GGUF architecture "mamba", expected one of: gpt2, gptneox, llama, qwen2',
    ],
    ['no architecture', [{ 'general.architecture': undefined }], 'FORMAT', 'general.architecture'],
    ['a part of a split model', [{ 'split.count': 3 }], 'UNSUPPORTED', 'llama-gguf-split --merge'],
    [
      'a key that may change the model',
      [{ 'llama.attention.sliding_window': 512 }],
      'UNSUPPORTED',
      '"llama.attention.sliding_window" is not understood, expected of "llama.…" only: attention.head_count, attention.head_count_kv, attention.key_length',
    ],
    [
      'experts',
      [{ 'llama.expert_count': 8 }],
      'UNSUPPORTED',
      'experts are not supported, expected 0, received 8',
    ],
    [
      'a missing key',
      [{ 'llama.block_count': undefined }],
      'FORMAT',
      'missing metadata key, expected a number (key "llama.block_count"',
    ],
    ['a key of another type', [{ 'llama.block_count': 'two' }], 'FORMAT', 'key "llama.block_count"'],
    ['a value out of range', [{ 'llama.block_count': 0 }], 'INVALID', 'num_hidden_layers'],
    ['sizes that do not fit', [{ 'llama.attention.head_count_kv': 3 }], 'INVALID', 'num_key_value_heads'],
    [
      'heads of two sizes',
      [{ 'llama.attention.value_length': 16 }],
      'UNSUPPORTED',
      'expected 8, received 16 (key "llama.attention.value_length"',
    ],
    [
      'an unknown rope scaling',
      [{ 'llama.rope.scaling.type': 'longrope' }],
      'UNSUPPORTED',
      'unknown rope scaling, expected one of: none, linear, yarn, received longrope',
    ],
    [
      'two rope scalings',
      [{ 'llama.rope.scaling.factor': f32(2) }, [...TENSORS, factors]],
      'UNSUPPORTED',
      'both rope_freqs.weight and rope.scaling keys',
    ],
    [
      'rope factors of another size',
      [{ 'llama.rope.dimension_count': undefined }, [...TENSORS, { ...factors, shape: [2, 2] }]],
      'FORMAT',
      'tensor "rope_freqs.weight"',
    ],
    [
      'a missing tensor',
      [{}, replaced('blk.0.ffn_up.weight')],
      'NOT_FOUND',
      'missing tensor "blk.0.ffn_up.weight"',
    ],
    [
      'a tensor of another shape',
      [{}, replaced('blk.0.ffn_up.weight', half)],
      'FORMAT',
      'expected [64, 32], received [32, 32] (tensor "blk.0.ffn_up.weight"',
    ],
    [
      'a weight that is NaN',
      [{}, replaced('blk.0.ffn_up.weight', nan)],
      'FORMAT',
      'received NaN at element 0 (tensor "blk.0.ffn_up.weight"',
    ],
    [
      'blocks with an infinite scale',
      [{}, replaced('blk.0.ffn_up.weight', brokenBlocks)],
      'FORMAT',
      'a weight is not a number',
    ],
    [
      'metadata that are not JSON',
      [{ 'bitcliff.metadata': '{' }],
      'FORMAT',
      'the metadata is not JSON (key "bitcliff.metadata"',
    ],
    ['metadata with a wrong field', [{ 'bitcliff.metadata': '{"step":-1}' }], 'INVALID', 'at step'],
  ])('%s', async (_, args, code, message) => {
    const error = await open(...args).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!BitcliffError.isInstance(error)) throw new Error(`expected a BitcliffError, got ${String(error)}`);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.message).toContain('test.gguf');
  });

  it('a tokenizer with more tokens than the embedding has rows', async () => {
    const checkpoint = await open({
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': 'gpt-2',
      'tokenizer.ggml.tokens': strings(Array.from({ length: 41 }, (_, id) => `t${id}`)),
      'tokenizer.ggml.token_type': i32s(new Array(41).fill(1)),
      'tokenizer.ggml.merges': strings([]),
    });
    await expect(checkpoint.tokenizer()).rejects.toThrow(
      'the tokenizer has more tokens than the model, expected at most 40 (vocabulary size of the model), received 41 (test.gguf)',
    );
  });
});
