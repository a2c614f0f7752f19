import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StudyConfig } from '@bitcliff/study';
import { loadStudy } from '@bitcliff/study/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../test/run-command.ts';

const demo = fileURLToPath(new URL('../../../examples/demo/checkpoints/control', import.meta.url));

let folder: string;
let config: string;
const write = (changes: object = {}): void => {
  const study: StudyConfig = {
    name: 'toy',
    checkpoints: [demo],
    recipes: ['w4'],
    tasks: ['lambada_openai'],
    data: 'data',
    analyses: ['weights'],
    engine: { threads: 1 },
    ...changes,
  };
  writeFileSync(config, JSON.stringify(study));
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bitcliff-study-'));
  config = join(folder, 'study.json');
  mkdirSync(join(folder, 'data'));
  const rows = ['Tom had a red ball. Anna liked the ball', 'Mary had a blue box. Ben liked the box'];
  writeFileSync(
    join(folder, 'data', 'lambada_openai.jsonl'),
    rows.map((text) => `${JSON.stringify({ text })}\n`).join(''),
  );
  write();
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('bitcliff study', () => {
  it('plans, runs, says how it stands, and exports', async () => {
    const plan = await runCommand('study', 'plan', config);
    expect(plan.stdout).toMatch(/^control +gpt2, 3 × 128 +1600 +baseline, w4 \(4.19\)$/m);
    expect(plan.stdout).toMatch(/^lambada_openai +1\.0 +2$/m);
    expect(plan.stdout).toMatch(/^task +0 +2$/m);
    expect(plan.stdout).toMatch(/^comparison of w4 of control +0\.0 s$/m);

    const run = await runCommand('study', 'run', config);
    expect(run).toMatchObject({ code: 0, stdout: expect.stringMatching(/^5 of 5 runs done, /) });
    expect(run.stderr).toMatch(/^0 of 5 runs are in the store, 3 jobs to do$/m);
    expect(run.stderr).toMatch(/^lambada_openai of control: [\d.]+ s$/m);

    const again = await runCommand('study', 'run', config, '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ done: 5, total: 5, failures: [] });
    const status = await runCommand('study', 'status', config);
    expect(status.stdout).toBe('toy: 5 of 5 runs done\njobs: 0 waiting, 0 running, 0 done, 0 failed\n');
    expect((await runCommand('study', 'plan', config)).stdout).toContain('Nothing left to do.');

    for (const format of ['jsonl', 'parquet']) {
      const out = join(folder, format);
      const { code, stdout } = await runCommand('study', 'export', config, '--format', format, '--out', out);
      expect(code).toBe(0);
      expect(stdout).toContain(`items.${format}: 4 rows`);
      expect(readdirSync(out).sort()).toEqual(
        ['checkpoint', 'comparison', 'gain', 'items', 'manifests', 'task', 'variant', 'weight'].map(
          (name) => `${name}.${format}`,
        ),
      );
    }
    const items = readFileSync(join(folder, 'jsonl', 'items.jsonl'), 'utf8').split('\n');
    expect(JSON.parse(items[0]!)).toMatchObject({ checkpoint: 'control', variant: 'baseline', item: 0 });
  });

  it('ends with an error that names what failed', async () => {
    const module = join(folder, 'own.mjs');
    writeFileSync(
      module,
      `export const bad = { name: 'bad', version: '1', split: 'test', outputType: 'loglikelihood', headline: 'acc', metrics: {}, files: [{ layout: 'jsonl', path: 'lambada_openai.jsonl' }],
        parseRow: (row) => row, buildItem() { throw new Error('no item from this row'); } };`,
    );
    write({ tasks: ['lambada_openai', 'bad'], define: ['own.mjs'] });
    const { code, stderr, stdout } = await runCommand('study', 'run', config);
    expect(code).toBe(1);
    expect(stderr).toContain('bad of control failed: ');
    expect(stderr).toContain('no item from this row');
    expect(stderr).toContain('2 jobs failed');
    expect(stdout).toContain('4 of 7 runs done');
  });

  it('stops the one that is asked for', async () => {
    await runCommand('study', 'run', config);
    expect(await runCommand('study', 'cancel', config)).toMatchObject({ code: 0 });
  });

  it.each([
    [['plan', 'none.json'], 'no such config'],
    [['status', 'study.json'], 'the file cannot be opened'],
    [['export', 'study.json', '--out', 'x'], 'the file cannot be opened'],
  ])('refuses %j', async ([command, file, ...rest], message) => {
    const { code, stderr } = await runCommand('study', command!, join(folder, file!), ...rest);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });
});

describe('bitcliff init', () => {
  it('writes a config that is complete, once', async () => {
    const file = join(folder, 'study.config.ts');
    expect(await runCommand('init', file)).toMatchObject({ code: 0 });
    const { study } = await loadStudy(file);
    expect(study).toMatchObject({ name: 'my-study', tasks: ['int8-paper'], analyses: ['weights'] });
    const { code, stderr } = await runCommand('init', file);
    expect(code).toBe(1);
    expect(stderr).toContain('the file exists');
    expect(existsSync(file)).toBe(true);
  });
});
