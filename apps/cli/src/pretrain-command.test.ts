import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCheckpoint } from '@bitcliff/runtime/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../test/run-command.ts';
import { main } from './main.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bitcliff-pretrain-'));
  mkdirSync(join(folder, 'tokenizer'));
  const vocab = { '<s>': 0, '</s>': 1, '<unk>': 2, red: 3, green: 4, blue: 5 };
  const tokenizer = {
    version: '1.0',
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: null,
    decoder: null,
    model: { type: 'WordLevel', vocab, unk_token: '<unk>' },
  };
  writeFileSync(join(folder, 'tokenizer', 'tokenizer.json'), JSON.stringify(tokenizer));
  writeFileSync(join(folder, 'tokenizer', 'tokenizer_config.json'), JSON.stringify({ eos_token: '</s>' }));
  writeFileSync(join(folder, 'corpus.txt'), 'red green blue red green blue\n'.repeat(100));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const config = {
  out: 'runs',
  data: { files: ['corpus.txt'], separator: '\n', tokenizer: 'tokenizer' },
  model: { architecture: 'gpt2', hiddenSize: 8, layers: 1, heads: 2, sequenceLength: 12 },
  training: { steps: 6, batchSize: 4, learningRate: 0.01, warmupSteps: 2 },
  variants: { control: {}, half: { precision: 'fp16', weightDecay: 0.001 } },
  checkpoints: [3],
};
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

describe('bitcliff pretrain', () => {
  it('trains every variant and says what became of it', async () => {
    const { code, stdout } = await runCommand('pretrain', write('c.json', JSON.stringify(config)));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^variant +steps +tokens +training loss +held-out loss +skipped$/m);
    expect(stdout).toMatch(/^control +6 +\d+ +1\.\d{4} +1\.\d{4} +0$/m);
    expect(stdout).toMatch(/^half +6 +\d+ +1\.\d{4} +1\.\d{4} +\d+$/m);
    expect(stdout).toContain(`control: ${join(folder, 'runs', 'control')}\n`);
    for (const step of ['step-3', 'step-6'])
      expect(existsSync(join(folder, 'runs', 'half', step, 'model.safetensors'))).toBe(true);
    const last = await openCheckpoint(join(folder, 'runs', 'half', 'step-6'));
    expect(last.metadata).toMatchObject({ step: 6, labels: { variant: 'half' } });
    await last.close();
    const lines = readFileSync(join(folder, 'runs', 'control', 'metrics.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    expect(lines).toHaveLength(8); // six steps, two checkpoints
  });

  it('reads a module, and gives JSON', async () => {
    const path = write('c.mjs', `export default ${JSON.stringify(config)};`);
    const { code, stdout } = await runCommand('pretrain', path, '--variants', 'half', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      bitcliff: expect.stringMatching(/^\d/),
      variants: [{ variant: 'half', steps: 6, tokens: expect.any(Number), heldOutLoss: expect.any(Number) }],
    });
    expect(existsSync(join(folder, 'runs', 'control'))).toBe(false);
  });

  it('stops at Ctrl-C with code 130, and goes on when called again', async () => {
    const long = { ...config, training: { ...config.training, steps: 400 }, variants: { control: {} } };
    const path = write('c.json', JSON.stringify(long));
    const metrics = join(folder, 'runs', 'control', 'metrics.jsonl');
    let stderr = '';
    const code = await main(['pretrain', path], {
      stdout: { write: () => {} },
      stderr: {
        write: (text) => {
          stderr += text;
        },
      },
      once: (_, interrupt) => {
        const timer = setInterval(() => {
          if (!existsSync(metrics) || !readFileSync(metrics, 'utf8').includes('\n')) return;
          clearInterval(timer);
          interrupt();
        }, 5);
      },
      off: () => {},
    });
    expect(code).toBe(130);
    expect(stderr).toContain('control: the same command goes on from here\n');
    expect(stderr).toContain('stopped\n');
    const done = readFileSync(metrics, 'utf8').trimEnd().split('\n').length;
    expect(done).toBeLessThan(400);
    const again = await runCommand('pretrain', path);
    expect(again.code).toBe(0);
    const steps = readFileSync(metrics, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(steps.filter(({ kind }) => kind === 'step').map(({ step }) => step)).toEqual(
      Array.from({ length: 400 }, (_, i) => i + 1),
    );
  });

  it.each<[string, () => string[], string]>([
    [
      'a missing file',
      () => ['/no/such/config.json'],
      'pretrain: no such configuration (/no/such/config.json)',
    ],
    ['what is no JSON', () => [write('c.json', '{')], 'pretrain: the configuration cannot be read'],
    [
      'a module without a default',
      () => [write('c.mjs', 'export const a = 1;')],
      'expected a default export of definePretraining',
    ],
    [
      'a wrong field',
      () => [write('c.json', JSON.stringify({ ...config, out: 1 }))],
      'definePretraining: a field is missing or wrong',
    ],
    [
      'an unknown variant',
      () => [write('c.json', JSON.stringify(config)), '--variants', 'controll'],
      'pretrain: unknown variant "controll", expected one of: control, half. Did you mean "control"?',
    ],
  ])('refuses %s', async (_, args, message) => {
    const { code, stderr } = await runCommand('pretrain', ...args());
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  it('shows an example in its help', async () => {
    const { code, stdout } = await runCommand('pretrain', '--help');
    expect(code).toBe(0);
    expect(stdout).toContain('$ bitcliff pretrain pretrain.json');
  });
});
