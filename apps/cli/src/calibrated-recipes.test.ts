import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../test/run-command.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const checkpoint = here('../../../examples/demo/checkpoints/control');

/** A row of COPA, made up. */
const ROW = {
  premise: 'Tom hid the ball.',
  choice1: 'Mary looked for it.',
  choice2: 'The moon was red.',
  question: 'effect',
  label: 0,
  idx: 0,
};

/** ONNX Runtime leaves a log of its own there. */
const ownFiles = async (): Promise<string[]> =>
  (await readdir(temporary)).filter((name) => name.startsWith('bitcliff-'));

let data: string;
let temporary: string;
const systemFolder = process.env.TMPDIR;
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'bitcliff-test-'));
  const rows = [ROW, { ...ROW, question: 'cause', label: 1, idx: 1 }];
  await writeFile(join(data, 'copa.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  temporary = await mkdtemp(join(tmpdir(), 'bitcliff-test-'));
  process.env.TMPDIR = temporary;
});
afterEach(async () => {
  if (systemFolder === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = systemFolder;
  for (const folder of [temporary, data]) await rm(folder, { recursive: true });
});

describe('bitcliff eval with recipes that need calibration', () => {
  const run = (...args: string[]) =>
    runCommand('eval', checkpoint, '--data', data, '--tasks', 'copa', '--recipes', 'gptq-w3,w4', ...args);

  it('quantizes them first, says by what, repeats, and leaves nothing behind', async () => {
    const calibration = [
      '--calibration',
      'random-tokens',
      '--calibration-samples',
      '3',
      '--calibration-length',
      '24',
    ];
    const { code, stdout } = await run(...calibration, '--divergence', '--json');
    expect(code).toBe(0);
    const record = JSON.parse(stdout);
    expect(record.calibration).toMatchObject({ source: 'random-tokens', sequences: 3, tokens: 72 });
    expect(record.results.map(({ variant }: { variant: string }) => variant)).toEqual([
      'baseline',
      'gptq-w3',
      'w4',
    ]);
    const [gptq] = record.divergence;
    expect(gptq.tasks[0].summary.meanKld.value).toBeGreaterThan(0);
    const again = JSON.parse((await run(...calibration, '--divergence', '--json')).stdout);
    expect(again.results).toEqual(record.results);
    const other = JSON.parse((await run(...calibration, '--calibration-seed', '5', '--json')).stdout);
    expect(other.calibration.tokenHash).not.toBe(record.calibration.tokenHash);
    expect(await ownFiles()).toEqual([]);
  });

  it('refuses to do so without a text', async () => {
    expect(await run()).toMatchObject({ code: 1, stdout: '' });
    expect((await run()).stderr).toContain(
      'eval: recipe "gptq-w3" needs calibration, expected --calibration',
    );
    const missing = await run('--calibration', 'no-such-file.txt');
    expect(missing.stderr).toContain('cannot read the calibration text');
    expect(await ownFiles()).toEqual([]);
  });
});
