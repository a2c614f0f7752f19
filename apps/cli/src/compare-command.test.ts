import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type CommandResult, runCommand } from '../test/run-command.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const checkpoint = here('../../../examples/demo/checkpoints/control');

let folder: string;
let data: string;
let out: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bitcliff-cli-'));
  data = join(folder, 'data');
  out = join(folder, 'runs');
  const writeTasks = here('../../../tools/toy/src/write-tasks.ts');
  const args = ['--conditions=@bitcliff/source', writeTasks, '--out', data, '--items', '24'];
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const { code, stderr: problem } = await evaluate('--limit', '12', '--recipes', 'w4', '--out', out);
  if (code !== 0) throw new Error(problem);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const evaluate = (...args: string[]): Promise<CommandResult> =>
  runCommand('eval', checkpoint, '--data', data, '--threads', '1', ...args);

describe('bitcliff eval --out', () => {
  it('stores results and samples of each variant', () => {
    expect(readdirSync(out).sort()).toEqual(['baseline', 'w4']);
    for (const variant of ['baseline', 'w4']) {
      expect(readdirSync(join(out, variant)).sort()).toEqual([
        'results.json',
        'samples_hellaswag.jsonl',
        'samples_lambada_openai.jsonl',
      ]);
    }
    const stored = JSON.parse(readFileSync(join(out, 'w4', 'results.json'), 'utf8'));
    expect(stored).toMatchObject({
      variant: 'w4',
      recipe: { name: 'w4' },
      profile: 'lmeval',
      model: { id: checkpoint, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      settings: { addBos: null, rollingBos: 'once' },
    });
    expect(stored.tasks[0].data).toMatchObject({ rowsInFile: 24, rowsUsed: 12, limit: 12 });
  });

  it('refuses a folder that exists, before the work', async () => {
    const { code, stderr } = await evaluate('--out', out);
    expect(code).toBe(1);
    expect(stderr).toBe(`error: eval: the folder exists, expected a new folder (--out, ${out})\n`);
  });
});

describe('a task by generation', () => {
  it('is scored beside the others, stored and compared', async () => {
    const runs = join(folder, 'generated');
    const tasks = 'lambada_openai_generated,lambada_openai';
    const args = ['--limit', '12', '--recipes', 'w4', '--tasks', tasks, '--out', runs];
    const { code, stdout, stderr } = await evaluate(...args);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('lambada_openai_generated: 12 of 24 rows of lambada_openai.jsonl');
    expect(stdout).toMatch(/^lambada_openai_generated \(exact_match, n = 12\)/m);
    const lines = readFileSync(join(runs, 'w4', 'samples_lambada_openai_generated.jsonl'), 'utf8').trim();
    const samples = lines.split('\n').map((line) => JSON.parse(line));
    expect(samples).toHaveLength(12);
    // greedy target tokens are what the model writes: then the word is right too
    const greedy = readFileSync(join(runs, 'w4', 'samples_lambada_openai.jsonl'), 'utf8')
      .trim()
      .split('\n');
    for (const [i, line] of greedy.entries()) {
      const { docHash, isGreedy } = JSON.parse(line);
      expect(samples[i].docHash).toBe(docHash);
      if (isGreedy[0]) expect(samples[i]).toMatchObject({ correct: true });
    }
    expect(samples.some(({ correct }) => correct)).toBe(true);
    expect(samples.every(({ generated }) => typeof generated === 'string')).toBe(true);
    const compared = await runCommand('compare', join(runs, 'baseline'), join(runs, 'w4'));
    expect(compared.stdout).toMatch(/^lambada_openai_generated \(exact_match, n = 12\)/m);
  });

  it('may be the only one', async () => {
    const args = ['--limit', '3', '--recipes', 'w4', '--tasks', 'lambada_openai_generated', '--json'];
    const record = JSON.parse((await evaluate(...args, '--divergence')).stdout);
    expect(record).toMatchObject({ tokensPerSecond: 0, divergence: null, data: [{ rowsUsed: 3 }] });
    expect(record.results[1].tasks).toMatchObject([{ task: 'lambada_openai_generated', n: 3 }]);
  });
});

describe('bitcliff compare', () => {
  it('prints what changed and whether it is more than chance', async () => {
    const { code, stdout, stderr } = await runCommand('compare', join(out, 'baseline'), join(out, 'w4'));
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^before: baseline of .*control \([0-9a-f]{12}\)$/);
    expect(lines[1]).toMatch(/^after: {2}w4 of /);
    expect(stdout).toMatch(/^hellaswag \(acc, n = 12\) +\d+\.\d\d +\d+\.\d\d +[+-]?\d+\.\d\d ± \d+\.\d\d /m);
    expect(stdout).toMatch(/^average % difference: [+-]?\d+\.\d\d$/m);
    expect(stdout).not.toContain('settings differ');
  });

  it('gives the same as JSON as the evaluation gave', async () => {
    const { stdout } = await runCommand('compare', join(out, 'baseline'), join(out, 'w4'), '--json');
    const comparison = JSON.parse(stdout);
    const args = ['--limit', '12', '--recipes', 'w4', '--json'];
    const [, w4] = JSON.parse((await evaluate(...args)).stdout).summaries;
    expect(comparison.tasks).toEqual(w4.comparison.tasks);
    expect(comparison.before).toMatchObject({ variant: 'baseline', recipe: null });
  });

  it('a result against itself: nothing changed', async () => {
    const { stdout } = await runCommand(
      'compare',
      join(out, 'w4'),
      join(out, 'w4', 'results.json'),
      '--json',
    );
    for (const task of JSON.parse(stdout).tasks) expect(task).toMatchObject({ difference: 0, p: 1 });
  });

  it('says which settings differ', async () => {
    const never = join(folder, 'never');
    await evaluate('--limit', '12', '--recipes', 'w4', '--bos', 'never', '--out', never);
    const { stdout } = await runCommand('compare', join(out, 'baseline'), join(never, 'baseline'));
    expect(stdout).toContain('settings differ: addBos null and false\n');
  });

  it('refuses other items, and folders without results', async () => {
    const few = join(folder, 'few');
    await evaluate('--limit', '5', '--recipes', 'w4', '--out', few);
    const other = await runCommand('compare', join(out, 'baseline'), join(few, 'w4'));
    expect(other.code).toBe(1);
    expect(other.stderr).toContain('the numbers of items differ, expected 12, received 5 (hellaswag)');
    const nothing = await runCommand('compare', folder, out);
    expect(nothing.code).toBe(1);
    expect(nothing.stderr).toContain(`cannot read the file, ENOENT (${join(folder, 'results.json')})`);
  });
});

describe('where rows and tasks come from', () => {
  const rows = (name: string, ...lines: object[]): void =>
    writeFileSync(join(data, `${name}.jsonl`), lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const piqa = { goal: 'To dry wet boots,', sol1: 'fill them with paper.', sol2: 'eat them.', label: 0 };

  it('a task of the user', async () => {
    const evals = new URL('../../../packages/evals/src/index.ts', import.meta.url).href;
    const module = join(folder, 'colours.ts');
    writeFileSync(
      module,
      `import { defineTask } from ${JSON.stringify(evals)};
export const colours = defineTask({
  name: 'colours',
  version: '1',
  kind: 'choices',
  item: (row) => ({ context: row.filled('text'), choices: ['red', 'green'], gold: row.index('answer', 2) }),
});
`,
    );
    rows('colours', { text: 'Grass is', answer: 1 }, { text: 'Blood is', answer: 0 });
    const { stdout, stderr } = await evaluate('--define', module, '--tasks', 'colours', '--recipes', 'w4');
    expect(stderr).not.toContain('error'); // a slow machine may show progress
    expect(stdout).toContain('colours (acc, n = 2)');

    writeFileSync(module, 'export const nothing = 1;\n');
    const copy = join(folder, 'nothing.ts');
    writeFileSync(copy, 'export const nothing = 1;\n');
    const empty = await evaluate('--define', copy, '--tasks', 'colours');
    expect(empty.stderr).toContain('eval: the module exports no task');
    const missing = await evaluate('--define', join(folder, 'missing.ts'));
    expect(missing.stderr).toContain('eval: the module cannot be imported');
  });

  it('bad rows are left out only when asked', async () => {
    rows('piqa', piqa, { ...piqa, label: 7 }, { ...piqa, label: 1 });
    const args = ['--tasks', 'piqa', '--recipes', 'w4'];
    const refused = await evaluate(...args);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      `piqa: column "label" does not fit, expected an integer from 0 to 1, or its digits, received 7 (line 2, ${join(data, 'piqa.jsonl')})`,
    );
    const { stdout } = await evaluate(...args, '--skip-bad-rows');
    expect(stdout).toContain('piqa: 2 of 3 rows of piqa.jsonl; 1 bad rows left out');
  });

  it('hf: the data set of the task, from the cache', async () => {
    const cache = join(folder, 'hub');
    const commit = 'a'.repeat(40);
    const repo = join(cache, 'datasets--EleutherAI--lambada_openai');
    mkdirSync(join(repo, 'refs'), { recursive: true });
    writeFileSync(join(repo, 'refs', 'main'), commit);
    mkdirSync(join(repo, 'snapshots', commit, 'data'), { recursive: true });
    const file = join(repo, 'snapshots', commit, 'data', 'lambada_test.jsonl');
    writeFileSync(file, '{"text":"the lamp and the lamp"}\n{"text":"one two"}\n');
    vi.stubEnv('HF_HUB_CACHE', cache);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    const args = ['eval', checkpoint, '--data', 'hf:', '--recipes', 'w4', '--json', '--tasks'];
    const { stdout, stderr } = await runCommand(...args, 'lambada_openai');
    expect(stderr).not.toContain('error'); // a slow machine may show progress
    expect(JSON.parse(stdout).data).toMatchObject([
      {
        dataset: 'EleutherAI/lambada_openai',
        revision: commit,
        files: [{ name: 'data/lambada_test.jsonl' }],
        rowsUsed: 2,
      },
    ]);
    const nowhere = await runCommand(...args, 'paralex');
    expect(nowhere.stderr).toContain(
      'eval: the data of task "paralex" is not on the Hub, expected a folder, received hf: (data)',
    );
    vi.unstubAllEnvs();
  });
});
