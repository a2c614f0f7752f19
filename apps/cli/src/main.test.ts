import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, runCommand } from '../test/run-command.ts';
import { main } from './main.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const checkpoint = here('../../../examples/demo/checkpoints/control');

let folder: string;
let data: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bitcliff-cli-'));
  data = join(folder, 'data');
  const writeTasks = here('../../../tools/toy/src/write-tasks.ts');
  const args = ['--conditions=@bitcliff/source', writeTasks, '--out', data, '--items', '24'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const evaluate = (...args: string[]): Promise<CommandResult> =>
  runCommand('eval', checkpoint, '--data', data, '--limit', '12', '--threads', '1', ...args);

describe('bitcliff eval', () => {
  it('prints the table of the paper', async () => {
    const { code, stdout, stderr } = await evaluate('--recipes', 'w8a8,w4');
    // a slow machine shows progress
    expect(stderr.replaceAll(/^(prepare|score) \d+ % .*\n/gm, '')).toBe('');
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toBe(`${checkpoint}: gpt2, 3 layers × 128`);
    expect(lines[1]).toBe('hellaswag: 12 of 24 rows of hellaswag.jsonl');
    const score = String.raw` +\d+\.\d\d ± \d+\.\d\d\*?`;
    expect(stdout).toMatch(/^task +baseline +w8a8 +w4$/m);
    expect(stdout).toMatch(new RegExp(`^hellaswag \\(acc, n = 12\\)${score}${score}${score}$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^lambada_openai \\(acc, n = 12\\)${score}${score}${score}$`, 'm'));
    expect(stdout).toMatch(/^average +\d+\.\d\d +\d+\.\d\d +\d+\.\d\d$/m);
    expect(stdout).toMatch(/^average % difference +– +[+-]?\d+\.\d\d +[+-]?\d+\.\d\d$/m);
    expect(stdout).toMatch(/onnxruntime \d+\.\d+\.\d+ on cpu, weights quantized on webasm;/);
  });

  it('gives everything as JSON, and the same scores again', async () => {
    const args = ['--recipes', 'w8a8', '--tasks', 'lambada_openai', '--json'];
    const first = await evaluate(...args);
    const record = JSON.parse(first.stdout);
    expect(record).toMatchObject({
      bitcliff: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      checkpoint: { architecture: 'gpt2', layers: 3 },
      engine: { executionProvider: 'cpu', kernels: 'webasm' },
      recipes: [{ name: 'w8a8', version: 1 }],
      data: [
        {
          task: 'lambada_openai',
          files: [{ name: 'lambada_openai.jsonl', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
          rowsUsed: 12,
        },
      ],
      results: [
        { variant: 'baseline', tasks: [{ task: 'lambada_openai', n: 12, samples: expect.any(Array) }] },
        { variant: 'w8a8' },
      ],
    });
    expect(record.results[0].tasks[0].samples).toHaveLength(12);
    const second = JSON.parse((await evaluate(...args, '--kernels', 'reference')).stdout);
    expect(second.results).toEqual(record.results);
    expect(second.engine.kernels).toBe('reference');
  });

  it('runs as a program', () => {
    const args = [
      'eval',
      checkpoint,
      '--data',
      data,
      '--tasks',
      'hellaswag',
      '--recipes',
      'w4',
      '--limit',
      '2',
    ];
    const bin = here('./bin.ts');
    const { status, stdout } = spawnSync(process.execPath, ['--conditions=@bitcliff/source', bin, ...args], {
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    expect(stdout).toContain('hellaswag (acc, n = 2)');
  });

  it('shows its options and an example', async () => {
    const { code, stdout } = await runCommand('eval', '--help');
    expect(code).toBe(0);
    for (const text of [
      '--recipes <names>',
      'w8a8, w4',
      'piqa, hellaswag, winogrande, lambada_openai,',
      'int8-paper = piqa,',
      '$ bitcliff eval models/my-llama',
    ]) {
      expect(stdout).toContain(text);
    }
    expect((await runCommand('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('a wrong command line ends with 2 and says what can be said', () => {
  it.each<[string[], string]>([
    [['evall'], "error: unknown command 'evall'\n(Did you mean eval?)"],
    [['eval', '--data', 'd'], "error: missing required argument 'checkpoint'"],
    [['eval', 'x'], "error: required option '--data <dir>' not specified"],
    [['eval', 'x', '--data', 'd', '--task', 'a'], "error: unknown option '--task'\n(Did you mean --tasks?)"],
    [
      ['eval', 'x', '--data', 'd', '--limit', '0'],
      "option '--limit <n>' argument '0' is invalid. Expected an integer of at least 1.",
    ],
    [['eval', 'x', '--data', 'd', '--limit', '1.5'], 'Expected an integer of at least 1.'],
    [['eval', 'x', '--data', 'd', '--memory', '-1'], 'Expected a number of GiB above 0.'],
    [['eval', 'x', '--data', 'd', '--tasks', 'a,,b'], 'Expected names with commas between them.'],
    [
      ['eval', 'x', '--data', 'd', '--kernels', 'cuda'],
      'Allowed choices are auto, webgpu, webgl2, webasm, cpu, reference.',
    ],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await runCommand(...args);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});

describe('bad input ends with 1 and one sentence, and writes nothing', () => {
  /** A copy of the demo checkpoint that `spoil` has changed. */
  const spoiled = (spoil: (path: (name: string) => string) => void): string => {
    const copy = mkdtempSync(join(folder, 'checkpoint-'));
    cpSync(checkpoint, copy, { recursive: true });
    spoil((name) => join(copy, name));
    return copy;
  };
  const json = (path: string): Record<string, unknown> => JSON.parse(readFileSync(path, 'utf8'));

  it.each<[string, () => string, string[], string]>([
    [
      'no folder',
      () => join(folder, 'nowhere'),
      [],
      'error: openCheckpoint: no such folder, expected a folder with config.json',
    ],
    ['no config', () => spoiled((path) => rmSync(path('config.json'))), [], 'missing file config.json'],
    ['no weights', () => spoiled((path) => rmSync(path('model.safetensors'))), [], 'model.safetensors'],
    [
      'no tokenizer',
      () => spoiled((path) => rmSync(path('tokenizer.json'))),
      [],
      'missing file tokenizer.json',
    ],
    [
      'a missing tensor',
      () =>
        spoiled((path) =>
          writeFileSync(path('config.json'), JSON.stringify({ ...json(path('config.json')), n_layer: 4 })),
        ),
      [],
      'missing tensor "transformer.h.3.',
    ],
    [
      'a wrong shape',
      () =>
        spoiled((path) =>
          writeFileSync(path('config.json'), JSON.stringify({ ...json(path('config.json')), n_inner: 128 })),
        ),
      [],
      'the shape does not fit the configuration, expected [128, 128], received [128, 512] (tensor "transformer.h.0.mlp.c_fc.weight"',
    ],
    [
      'a truncated file',
      () =>
        spoiled((path) =>
          writeFileSync(path('model.safetensors'), readFileSync(path('model.safetensors')).subarray(0, 5000)),
        ),
      [],
      'model.safetensors',
    ],
    [
      'a header length over the limit',
      () => spoiled((path) => writeFileSync(path('model.safetensors'), Buffer.alloc(64, 0x7f))),
      [],
      'model.safetensors',
    ],
    [
      'an unknown architecture',
      () =>
        spoiled((path) =>
          writeFileSync(
            path('config.json'),
            JSON.stringify({ ...json(path('config.json')), model_type: 'gptx' }),
          ),
        ),
      [],
      'unknown architecture "gptx", expected one of: bloom, cohere, gemma, gpt2, gpt_neox, llama,',
    ],
    ['an unknown recipe', () => checkpoint, ['--recipes', 'w8a9'], 'Did you mean "w8a8"?'],
    ['an unknown task', () => checkpoint, ['--tasks', 'helaswag'], 'Did you mean "hellaswag"?'],
    [
      'no data',
      () => checkpoint,
      ['--data', join(tmpdir(), 'no-such-folder')],
      'no data of task "hellaswag", expected one of: hellaswag.jsonl',
    ],
    [
      'a backend that is not there',
      () => checkpoint,
      ['--kernels', 'webgl2'],
      'backend "webgl2" is not available on this machine',
    ],
  ])('%s', async (_, path, args, message) => {
    const target = path();
    const before = readdirSync(folder, { recursive: true }).length;
    const { code, stdout, stderr } = await runCommand(
      'eval',
      target,
      '--data',
      data,
      '--limit',
      '2',
      ...args,
    );
    expect(stderr).toContain(message);
    expect(stderr.trimEnd()).not.toMatch(/\n {4}at /); // no stack
    expect(stdout).toBe('');
    expect(code).toBe(1);
    expect(readdirSync(folder, { recursive: true }).length).toBe(before);
  });

  it('stops on Ctrl-C with 130', async () => {
    let interrupt = (): void => {};
    let stderr = '';
    const code = await main(['eval', checkpoint, '--data', data, '--threads', '1'], {
      stdout: { write: () => {} },
      stderr: {
        isTTY: true,
        write: (text) => {
          stderr += text;
          interrupt();
        },
      },
      once: (_, listener) => {
        interrupt = listener;
      },
      off: () => {},
    });
    expect(code).toBe(130);
    expect(stderr).toContain('stopped\n');
  });
});

const shared = process.env.BITCLIFF_SHARED;
it.skipIf(shared === undefined)(
  'evaluates a real model on real rows (skipped without BITCLIFF_SHARED)',
  async () => {
    const { code, stdout } = await runCommand(
      ...['eval', `${shared}/data/models/stories260K`, '--data', `${shared}/data`, '--limit', '20', '--json'],
    );
    expect(code).toBe(0);
    const { results, data: used } = JSON.parse(stdout);
    expect(
      used.map((data: { files: { name: string }[]; rowsInFile: number }) => [
        data.files[0]!.name,
        data.rowsInFile,
      ]),
    ).toEqual([
      ['hellaswag/hellaswag_val_full.txt.gz', 6695],
      ['lambada/lambada_test.jsonl', 3436],
    ]);
    for (const { tasks } of results) {
      for (const { samples } of tasks) {
        for (const { logProbs } of samples) for (const logProb of logProbs) expect(logProb).toBeLessThan(0);
      }
    }
  },
);
