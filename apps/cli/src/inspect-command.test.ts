import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Tensor } from '@bitcliff/core';
import { encodeGguf, encodeSafetensors, type GgufValue, quantizeBlocks } from '@bitcliff/formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, runCommand } from '../test/run-command.ts';
import { histogramLine } from './inspect-command.ts';

const demo = fileURLToPath(new URL('../../../examples/demo/checkpoints/control', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bitcliff-inspect-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]): Promise<CommandResult> => runCommand('inspect', ...args);

/** A file in the test's folder. */
function put(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe('bitcliff inspect', () => {
  it('shows a checkpoint: architecture, families of tensors, totals', async () => {
    const { code, stdout } = await run(demo);
    expect(code).toBe(0);
    expect(stdout).toContain('architecture: gpt2');
    expect(stdout).toMatch(
      /^transformer\.h\.\{0-2\}\.attn\.c_attn\.weight +BF16 +\[128, 384\] +× 3 +288\.00 KiB$/m,
    );
    expect(stdout).toMatch(/^41 tensors +BF16 +869,504 elements +1\.66 MiB$/m);
    const all = await run(demo, '--all');
    expect(all.stdout).toContain('transformer.h.2.attn.c_attn.weight');
  });

  it('gives everything as JSON', async () => {
    const { stdout } = await run(demo, '--json');
    const record = JSON.parse(stdout);
    expect(record).toMatchObject({
      architecture: 'gpt2',
      totals: [{ dtype: 'BF16', tensors: 41, elements: 869504 }],
    });
    expect(record.tensors).toHaveLength(41);
    expect(record.tensors[0]).toEqual({
      name: 'lm_head.weight',
      dtype: 'BF16',
      shape: [1024, 128],
      byteLength: 262144,
    });
  });

  it.each([
    ['{"model_type":', 'config.json is not JSON'],
    ['null', 'config.json holds the wrong kind of value'],
  ])('refuses a folder whose config.json is %s', async (config, message) => {
    const model = mkdtempSync(join(folder, 'broken-'));
    writeFileSync(join(model, 'config.json'), config);
    const tensors = new Map([['w', new Tensor('F32', [1], Float32Array.of(1))]]);
    writeFileSync(join(model, 'model.safetensors'), encodeSafetensors(tensors));
    const { code, stdout, stderr } = await run(model);
    expect(stderr).toContain(`error: inspect: ${message}`);
    expect(stderr).not.toContain('    at ');
    expect(stdout).toBe('');
    expect(code).toBe(1);
  });

  it('shows statistics of one tensor', async () => {
    const values = Float32Array.of(1, 2, 3, 4, Number.NaN, Number.NEGATIVE_INFINITY);
    const path = put('s.bin', encodeSafetensors(new Map([['w', new Tensor('F32', [2, 3], values)]])));
    const { stdout } = await run(path, '--tensor', 'w');
    expect(stdout).toContain('F32 [2, 3], 6 elements, 24 B');
    expect(stdout).toContain('min 1  max 4  mean 2.5  std 1.11803');
    expect(stdout).toContain('NaN 1  +Inf 0  -Inf 1');
    const json = JSON.parse((await run(path, '--tensor', 'w', '--json')).stdout);
    expect(json).toMatchObject({ name: 'w', dtype: 'F32', nan: 1, negativeInfinity: 1, mean: 2.5 });
  });

  it('tells a GGUF file by its content, with its metadata', async () => {
    const fields = new Map<string, GgufValue>([
      ['general.architecture', { type: 'string', value: 'llama' }],
      ['llama.context_length', { type: 'u32', value: 2048 }],
      ['tokenizer.ggml.tokens', { type: 'array', of: 'string', value: ['a', 'b', 'c'] }],
    ]);
    const data = quantizeBlocks('Q4_0', new Float32Array(64).fill(0.5));
    const path = put(
      'model.txt',
      encodeGguf({ fields, tensors: [{ name: 'w', shape: [2, 32], type: 'Q4_0', data }] }),
    );
    const { stdout } = await run(path);
    expect(stdout).toContain('architecture: llama');
    expect(stdout).toContain('llama.context_length: 2048');
    expect(stdout).toContain('tokenizer.ggml.tokens: 3 × string');
    expect(stdout).toMatch(/^w +Q4_0 +\[2, 32\] +36 B$/m);
  });

  it('keeps control characters of a file away from the terminal', async () => {
    const tensors = new Map([['a\u001b[31m', new Tensor('F32', [1], Float32Array.of(1))]]);
    const path = put(
      'c.bin',
      encodeSafetensors(tensors, { note: 'x\u0007\u202ey\nz', long: 'l'.repeat(500) }),
    );
    const { stdout } = await run(path);
    expect(stdout).toContain('a\\u001b[31m');
    expect(stdout).toContain('note: x\\u0007\\u202ey\\u000az');
    expect(stdout).toContain('(500 characters)');
    expect(stdout).not.toContain('\u001b');
  });

  it.each<[string, () => string[], string]>([
    ['nothing there', () => [join(folder, 'nowhere')], 'nowhere'],
    [
      'a text file',
      () => [put('t.safetensors', 'just some text')],
      'not a tensor file, expected a safetensors, GGUF, PyTorch, NPZ, NPY or ONNX file',
    ],
    ['an unknown tensor', () => [demo, '--tensor', 'lm_head.wieght'], 'Did you mean "lm_head.weight"?'],
    ['an unknown scheme', () => ['s3://bucket/x'], 's3'],
  ])('refuses %s', async (_, args, message) => {
    const given = args();
    const before = readdirSync(folder).length;
    const { code, stdout, stderr } = await run(...given);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(code).toBe(1);
    expect(readdirSync(folder).length).toBe(before);
  });
});

it('draws a histogram in eighths of the fullest bin', () => {
  const statistics = {
    count: 15,
    nan: 0,
    positiveInfinity: 0,
    negativeInfinity: 0,
    min: -1,
    max: 1,
    mean: 0,
    std: 1,
  };
  expect(histogramLine({ ...statistics, histogram: [0, 1, 8, 4, 2] })).toBe('-1 ▕ ▁█▄▂▏ 1');
});
