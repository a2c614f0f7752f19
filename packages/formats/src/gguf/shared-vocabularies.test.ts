import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ggufNumber } from './gguf-number.ts';
import { openGgufFile } from './open-gguf-file.node.ts';

// skipped when BITCLIFF_SHARED, the folder of shared models, is not set
const shared = process.env.BITCLIFF_SHARED;

/** MANIFEST.md of that folder: keys and bytes; tokens are those of the published tokenizers. */
const FILES = [
  {
    name: 'gpt-2',
    architecture: 'gpt2',
    keys: 16,
    bytes: 1766807,
    tokens: 50257,
    sample: [50256, '<|endoftext|>'],
  },
  {
    name: 'gpt-neox',
    architecture: 'gptneox',
    keys: 17,
    bytes: 1771431,
    tokens: 50432,
    sample: [0, '<|endoftext|>'],
  },
  { name: 'llama-spm', architecture: 'llama', keys: 22, bytes: 723869, tokens: 32000, sample: [2, '</s>'] },
] as const;

describe.skipIf(shared === undefined)('vocabularies of llama.cpp (BITCLIFF_SHARED)', () => {
  it.each(FILES)('$name opens and is what MANIFEST.md says', async (expected) => {
    const path = join(shared!, `data/gguf/ggml-vocab-${expected.name}.gguf`);
    expect((await stat(path)).size).toBe(expected.bytes);
    const file = await openGgufFile(path);
    expect(file.version).toBe(3);
    expect(file.names()).toEqual([]);
    expect(file.fields.size).toBe(expected.keys);
    expect(file.architecture).toBe(expected.architecture);
    const tokens = file.fields.get('tokenizer.ggml.tokens')?.value as readonly string[];
    expect(tokens.length).toBe(expected.tokens);
    const [index, text] = expected.sample;
    expect(tokens[index]).toBe(text);
    const types = file.fields.get('tokenizer.ggml.token_type');
    expect(types).toMatchObject({ type: 'array', of: 'i32' });
    expect((types!.value as Int32Array).length).toBe(expected.tokens);
    expect(ggufNumber(file.fields, `${expected.architecture}.block_count`)).toBeGreaterThan(0);
    await file.close();
  });
});
