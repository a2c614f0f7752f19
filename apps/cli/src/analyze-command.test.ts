import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineRecipe } from '@bitcliff/quantize';
import { afterAll, describe, expect, it } from 'vitest';
import { runCommand } from '../test/run-command.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const golden = here('../../../packages/runtime/test/golden/llama');
const demo = here('../../../examples/demo/checkpoints/control');
const folder = mkdtempSync(join(tmpdir(), 'bitcliff-analyze-'));
afterAll(() => rmSync(folder, { recursive: true }));
const text = join(folder, 'text.txt');
writeFileSync(text, 'Tom hid the ball in the garden. Anna found the ball. The dog ran home.\n'.repeat(20));
const tiny = join(folder, 'tiny.txt');
writeFileSync(tiny, 'Tom hid.');
const short = ['--text', text, '--sequences', '2', '--length', '24', '--threads', '1'];

describe('bitcliff analyze', () => {
  it('describes weights without a text', async () => {
    const { code, stdout } = await runCommand('analyze', golden, '--recipes', 'w4');
    expect(code).toBe(0);
    expect(stdout).toMatch(/layer 1, mlp\.down +\d+ → \d+/);
    expect(stdout).toContain('error w4');
    expect(stdout).not.toContain('outlier dimensions');
  });

  it('prints all tables, and all records as JSON', async () => {
    const args = ['analyze', demo, '--recipes', 'w8a8,awq-w3g64', ...short];
    const { code, stdout } = await runCommand(...args);
    expect(code).toBe(0);
    for (const part of [
      '2 windows of 24 tokens',
      'INT8 RMSE',
      'Largest INT8 error: layer ',
      '|a| > 6',
      'awq-w3g64 local  propagated',
      'w8a8: the largest local error is at layer ',
    ])
      expect(stdout).toContain(part);
    const record = JSON.parse((await runCommand(...args, '--json')).stdout);
    const layers = record.weights.at(-1).layer + 1;
    expect(record.weights).toHaveLength(layers * 4 * 3);
    expect(record.activations).toHaveLength(layers * 4);
    expect(record.activationError).toHaveLength(layers * 4 * 2 * 2);
    expect(record.outliers).toHaveLength(2);
    expect(record.activations[0]).toMatchObject({
      checkpoint: demo,
      variant: 'baseline',
      layer: 0,
      role: 'attn.qkv',
    });
    expect(record.text).toEqual({ file: text, seed: 0, length: 24, lines: false, count: 2 });
  });

  it.each<[string[], number, string]>([
    [
      ['--recipes', 'gptq-w4g64'],
      1,
      'analyze: recipe "gptq-w4g64" needs calibration, expected a text to calibrate on',
    ],
    [['--text', 'nowhere.txt'], 1, 'readTextWindows: cannot read the text (text, nowhere.txt)'],
    [['--text', tiny], 1, 'the calibration text is shorter than one window'],
    [['--recipes', 'w99'], 1, 'unknown recipe "w99"'],
    [['--sequences', '0'], 2, 'Expected an integer of at least 1.'],
  ])('refuses %j', async (args, expected, message) => {
    const { code, stdout, stderr } = await runCommand('analyze', demo, ...args);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(code).toBe(expected);
  });
});

describe('bitcliff sensitivity', () => {
  it('prints what each part costs, a mixed recipe, and the controls', async () => {
    const saved = join(folder, 'mixed.json');
    const { code, stdout } = await runCommand(
      ...['sensitivity', demo, ...short, '--recipes', 'rtn-w3g32,rtn-w8g32', '--by', 'role'],
      ...['--average-bits', '5', '--save', saved, '--controls'],
    );
    expect(code).toBe(0);
    for (const part of [
      'the most sensitive part is ',
      'mixed-5',
      'left out',
      'rtn-w3g32, gaussian 0',
      'Recipe written to',
    ])
      expect(stdout).toContain(part);
    expect(defineRecipe(JSON.parse(readFileSync(saved, 'utf8'))).name).toBe('mixed-5');
    const again = await runCommand('analyze', demo, ...short, '--recipes', saved, '--json');
    expect(JSON.parse(again.stdout).recipes[0].name).toBe('mixed-5');
  });

  it('prints records as JSON', async () => {
    const args = ['sensitivity', demo, ...short, '--recipes', 'rtn-w3g32', '--by', 'layer', '--json'];
    const { records, correlations, mixed, controls } = JSON.parse((await runCommand(...args)).stdout);
    expect(records[1]).toMatchObject({
      checkpoint: demo,
      recipe: 'rtn-w3g32',
      layer: 1,
      role: null,
      bits: 3,
    });
    expect(correlations).toHaveLength(1);
    expect([mixed, controls]).toEqual([null, null]);
  });

  it('adds the score of tasks', async () => {
    const rows = ['the red ball', 'the old dog'].map((words) =>
      JSON.stringify({ text: `Tom saw ${words}. Anna saw ${words}` }),
    );
    writeFileSync(join(folder, 'lambada_openai.jsonl'), rows.join('\n'));
    const args = [
      'sensitivity',
      demo,
      ...short,
      '--recipes',
      'rtn-w3g32',
      '--by',
      'role',
      '--tasks',
      'lambada_openai',
    ];
    const { code, stdout } = await runCommand(...args, '--data', folder);
    expect(code).toBe(0);
    expect(stdout).toMatch(/tasks, %/);
    const { records, baseline } = JSON.parse((await runCommand(...args, '--data', folder, '--json')).stdout);
    for (const { score } of [baseline, ...records]) expect([0, 50, 100]).toContain(score);
    expect((await runCommand(...args)).stderr).toContain(
      'tasks without data, expected both --tasks and --data, or neither',
    );
  });

  it.each<[string, string]>([
    ['{', '.json is not JSON'],
    ['{"name":"x"}', 'defineRecipe: the recipe is malformed'],
    ['', 'readRecipes: missing file '],
  ])('refuses a recipe file with %j', async (content, message) => {
    const file = join(folder, content === '' ? 'none.json' : 'recipe.json');
    if (content !== '') writeFileSync(file, content);
    const { code, stderr } = await runCommand('analyze', demo, '--recipes', file);
    expect([code, stderr.includes(message)]).toEqual([1, true]);
  });

  it('needs a text', async () => {
    const { code, stderr } = await runCommand('sensitivity', demo);
    expect(code).toBe(2);
    expect(stderr).toContain("required option '--text <file>' not specified");
  });
});

const shared = process.env.BITCLIFF_SHARED;
describe.skipIf(shared === undefined)('real checkpoints (skipped without BITCLIFF_SHARED)', () => {
  it.each(['stories260K', 'babyllama105'])('%s is analysed whole', async (model) => {
    const stories = `${shared}/data/text/tinystories.cased.txt`;
    const options = [
      '--text',
      stories,
      '--sequences',
      '4',
      '--length',
      '128',
      '--recipes',
      'w8a8,w4',
      '--json',
    ];
    const { code, stdout } = await runCommand('analyze', `${shared}/data/models/${model}`, ...options);
    expect(code).toBe(0);
    const { weights, gains, activations, outliers, activationError } = JSON.parse(stdout);
    expect([weights, gains, activations, activationError].map(({ length }) => length)).toEqual([
      60, 10, 20, 80,
    ]);
    expect(outliers[0]).toMatchObject({
      rule: { kind: 'threshold', threshold: 6 },
      dimensions: [],
      samples: 4,
    });
    expect(weights.every(({ spectral }: { spectral: { converged: boolean } }) => spectral.converged)).toBe(
      true,
    );
    for (const { relative, variant, kind } of activationError) {
      expect(relative).toBeGreaterThan(0);
      expect(relative, `${variant} ${kind}`).toBeLessThan(variant === 'w8a8' ? 0.1 : 0.7);
    }
  });
});
