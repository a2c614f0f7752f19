import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type CommandResult, runCommand } from '../test/run-command.ts';

const demo = fileURLToPath(new URL('../../../examples/demo/checkpoints/control', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'bitcliff-effect-'));
afterAll(() => rmSync(folder, { recursive: true }));
const text = join(folder, 'text.txt');
writeFileSync(text, 'Tom hid the ball in the garden. Anna found the ball. The dog ran home.\n'.repeat(20));
const effect = (...args: string[]): Promise<CommandResult> =>
  runCommand(
    'calibration-effect',
    demo,
    '--text',
    text,
    '--sequences',
    '2',
    '--length',
    '24',
    '--threads',
    '1',
    ...args,
  );
const draws = ['--calibration-samples', '4', '--calibration-length', '24', '--calibration-seeds', '2'];

// four searches of AWQ: two seconds, and a minute on a machine with ten times as much work as cores
describe('bitcliff calibration-effect', { timeout: 180_000 }, () => {
  it('prints every draw, the spread and the likeness', async () => {
    const { code, stdout, stderr } = await effect(
      ...['--recipe', 'awq-w3g64', '--calibration', `${text},random-tokens`],
      ...draws,
    );
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('awq-w3g64, 2 windows of 24 tokens');
    expect(stdout).toContain('Calibrated on 4 windows of 24 tokens.');
    expect(stdout).toMatch(/^baseline +– +[\d.]+ +0 +0$/m);
    expect(stdout).toMatch(/^random-tokens +1 +[\d.]+/m);
    expect(stdout).toMatch(/^all 4 +[\d.]+ ± /m);
    expect(stdout).toMatch(/^random-tokens +[\d.]+ %; 0\.\d{3} +[\d.]+ %; 0\.\d{3}$/m);
  });

  it('gives all records as JSON', async () => {
    const { stdout } = await effect(
      '--recipe',
      'gptq-w3g64',
      '--calibration',
      'random-tokens',
      ...draws,
      '--json',
    );
    const run = JSON.parse(stdout);
    expect(run).toMatchObject({
      checkpoint: demo,
      recipe: { name: 'gptq-w3g64' },
      text: { file: text, lines: false, count: 2, length: 24 },
      calibration: { samples: 4, length: 24 },
      baseline: { variant: 'baseline' },
    });
    expect(run.records.map(({ set, seed }: { set: string; seed: number }) => [set, seed])).toEqual([
      ['random-tokens', 0],
      ['random-tokens', 1],
    ]);
    expect(run.overlap).toEqual([{ pair: [0, 1], codes: expect.any(Number), scales: null }]);
  });

  it.each<[string[], number, string]>([
    [
      ['--recipe', 'w4', '--calibration', 'random-tokens'],
      1,
      'calibrationEffect: recipe "w4" needs no calibration',
    ],
    [['--recipe', 'awq-w3g64'], 2, "required option '--calibration <sources>' not specified"],
    [['--recipe', 'awq-w3g64', '--calibration', 'nowhere.txt'], 1, 'nowhere.txt'],
  ])('refuses %j', async (args, expected, message) => {
    const { code, stdout, stderr } = await effect(...args, ...draws);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(code).toBe(expected);
  });
});
