import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../test/run-command.ts';
import { main } from './main.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const golden = here('../../../packages/runtime/test/golden/llama');
const demo = here('../../../examples/demo/checkpoints/control');
const { sequences } = JSON.parse(readFileSync(`${golden}/golden/golden.json`, 'utf8'));
const ids: string = sequences[0].input_ids.join(',');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

const random = ['--calibration', 'random-tokens', '--samples', '8'];
const quantize = (checkpoint: string, ...args: string[]) => runCommand('quantize', checkpoint, ...args);
const perplexity = async (checkpoint: string): Promise<number> =>
  JSON.parse((await runCommand('score', checkpoint, '--ids', ids, '--json')).stdout).perplexity;

describe('bitcliff quantize', () => {
  it.each([
    ['gptq-w8g32', 'gptq', 0.02, []],
    ['awq-w4g32', 'awq', 0.5, ['--skip-unfoldable']], // random weights have no bits to spare
    ['rtn-w5g32', 'compressed-tensors', 0.1, []],
  ])('%s as %s: a folder that scores like the original, and a table', async (recipe, format, bound, more) => {
    const out = join(folder, 'out');
    const args = ['--recipe', recipe, '--format', format, '--out', out, ...random, ...more];
    const { code, stdout, stderr } = await quantize(golden, ...args);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/layer +bits +weight MSE +output MSE/);
    expect(stdout).toMatch(/0 q +\d\.\d{3} +\d\.\d{3}e-\d/);
    expect(stdout).toContain(`as ${format}`);
    expect(await readdir(folder)).toEqual(['out']);
    const change = (await perplexity(out)) / (await perplexity(golden));
    expect(Math.abs(change - 1)).toBeLessThan(bound);
    expect(change).not.toBe(1);
  });

  it('gives the same bytes for the same seed, others for another', async () => {
    const files: Buffer[][] = [];
    for (const [name, seed] of [
      ['a', '1'],
      ['b', '1'],
      ['c', '2'],
    ]) {
      const out = join(folder, name!);
      const args = ['--recipe', 'gptq-w4g32', '--format', 'gptq', '--out', out, ...random, '--seed', seed!];
      expect(await quantize(golden, ...args)).toMatchObject({ code: 0 });
      const names = (await readdir(out)).sort();
      files.push(await Promise.all(names.map((file) => readFile(join(out, file)))));
    }
    expect(files[0]).toEqual(files[1]);
    expect(files[0]).not.toEqual(files[2]);
  });

  it('goes on where Ctrl-C stopped it', async () => {
    const text = join(folder, 'text.txt');
    await writeFile(text, 'Tom hid the ball in the box. Anna found the red ball. '.repeat(200));
    const out = join(folder, 'out');
    const args = ['--recipe', 'gptq-w4', '--format', 'gptq', '--out', out, '--json'];
    const calibration = ['--calibration', text, '--samples', '64', '--length', '64'];
    const block = join(`${out}.bitcliff-work`, 'gptq-w4', 'block-00000.safetensors');
    let stop = (): void => {};
    const timer = setInterval(() => existsSync(block) && stop(), 1);
    const silent = { write: () => {} };
    const code = await main(['quantize', demo, ...args, ...calibration], {
      stdout: silent,
      stderr: silent,
      once: (_, listener) => {
        stop = listener;
      },
      off: () => {},
    });
    clearInterval(timer);
    expect(code).toBe(130);
    expect((await readdir(folder)).sort()).toEqual(['out.bitcliff-work', 'text.txt']);
    const { stdout } = await quantize(demo, ...args, ...calibration);
    expect(JSON.parse(stdout)).toMatchObject({ resumed: 1, format: 'gptq' });
    expect((await readdir(folder)).sort()).toEqual(['out', 'text.txt']);
    const again = join(folder, 'again');
    await quantize(demo, ...args.map((arg) => (arg === out ? again : arg)), ...calibration);
    for (const file of ['model.safetensors', 'bitcliff-manifest.json'])
      expect(await readFile(join(again, file))).toEqual(await readFile(join(out, file)));
  });

  it('writes ONNX decoders, input scales inside', async () => {
    const out = join(folder, 'out');
    const args = ['--recipe', 'awq-w4g32', '--format', 'onnx', '--out', out, ...random];
    expect(await quantize(golden, ...args)).toMatchObject({ code: 0, stderr: '' });
    expect(await readdir(out)).toContain('model.onnx');
  });

  it('estimates without writing', async () => {
    const out = join(folder, 'out');
    const args = ['--recipe', 'awq-w4g32', '--format', 'awq', '--out', out, ...random, '--skip-unfoldable'];
    const { code, stdout } = await quantize(golden, ...args, '--dry-run');
    expect(code).toBe(0);
    expect(stdout).toMatch(/about [\d.]+ s/);
    expect(stdout).toMatch(/peak memory about \d+ MiB/);
    const { work } = JSON.parse((await quantize(golden, ...args, '--dry-run', '--json')).stdout);
    // two blocks of H = 64, I = 96, 4 heads of 16, 2 of them for keys; 8 windows of 64 tokens, once through
    const weights = 64 * 64 * 2 + 2 * 64 * 32 + 3 * 64 * 96;
    const gram = 2 * (3 * 64 * 64 + 96 * 96);
    expect(work.modelOperations).toBe(2 * 512 * (2 * weights + 4 * 64 * 64 + gram));
    expect(await readdir(folder)).toEqual([]);
  });

  it('writes GGUF files', async () => {
    const out = join(folder, 'model.gguf');
    const { code, stdout } = await quantize(golden, '--format', 'gguf', '--type', 'Q8_0', '--out', out);
    expect(stdout).toContain('matrices in Q8_0');
    expect(code).toBe(0);
    expect(Math.abs((await perplexity(out)) / (await perplexity(golden)) - 1)).toBeLessThan(0.02);
  });

  it.each(['q4_0', 'q8_0'])('writes GGUF files that score as recipe %s does', async (recipe) => {
    const out = join(folder, 'model.gguf');
    const { code, stdout } = await quantize(golden, '--format', 'gguf', '--recipe', recipe, '--out', out);
    expect(stdout).toContain(`matrices in ${recipe.toUpperCase()}`);
    expect(code).toBe(0);
    const scored = await runCommand('score', golden, '--recipe', recipe, '--ids', ids, '--json');
    const written = await runCommand('score', out, '--ids', ids, '--json');
    expect(JSON.parse(written.stdout).tokenLogProbs).toEqual(JSON.parse(scored.stdout).tokenLogProbs);
  });

  it.each<[string[], number, string]>([
    [['--recipe', 'gtpq-w4g128', '--format', 'gptq'], 1, 'Did you mean "gptq-w4g128"?'],
    [['--recipe', 'gptq-w4g32', '--format', 'gptq'], 1, 'needs calibration, expected --calibration'],
    [['--recipe', 'rtn-w5g32', '--format', 'awq'], 1, 'expected one of: compressed-tensors, received 5 bits'],
    [['--recipe', 'awq-w4g32', '--format', 'awq', ...random], 1, '--skip-unfoldable'],
    [['--recipe', 'w4', '--format', 'gguf'], 1, 'gguf cannot hold recipe "w4"'],
    [['--format', 'gguf'], 1, 'no recipe, expected --recipe, such as --recipe q4_k, or --type'],
    [
      ['--recipe', 'q4_k', '--format', 'gguf'],
      1,
      'gguf cannot hold recipe "q4_k", expected another recipe: no format holds this one, received 64 inputs, where Q4_K has blocks of 256',
    ],
    [['--format', 'gguf', '--type', 'Q9_0'], 1, 'unknown type'],
    [['--recipe', 'gptq-w4g32', '--format', 'gptq', ...random, '--length', '65'], 1, '2 to 64 tokens'],
    [
      ['--recipe', 'gptq-w4g32', '--format', 'gptq', '--calibration', 'nowhere.txt'],
      1,
      'missing file tokenizer.json',
    ],
    [
      ['--recipe', 'w4', '--format', 'zip'],
      2,
      'Allowed choices are compressed-tensors, gptq, awq, gguf, onnx',
    ],
  ])('refuses %j', async (args, expected, message) => {
    const { code, stdout, stderr } = await quantize(golden, ...args, '--out', join(folder, 'x'));
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(code).toBe(expected);
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses a text shorter than one window, a file that is not there, and an output that is', async () => {
    const text = join(folder, 'short.txt');
    await writeFile(text, 'Tom hid the ball.');
    const args = ['--recipe', 'gptq-w4', '--format', 'gptq', '--calibration'];
    const out = ['--out', join(folder, 'x')];
    const short = await quantize(demo, ...args, text, ...out);
    expect(short.stderr).toContain('the calibration text is shorter than one window');
    expect((await quantize(demo, ...args, 'nowhere.txt', ...out)).stderr).toContain(
      'cannot read the calibration text',
    );
    expect((await quantize(demo, ...args, text, '--out', folder)).stderr).toContain('the output exists');
  });
});
