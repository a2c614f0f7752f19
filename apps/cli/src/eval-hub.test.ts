/** @file `bitcliff eval --data hf:…` against a Hub on loopback. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TASK_COLUMNS } from '../../../packages/evals/src/__fixtures__/task-rows.ts';
import { jsonl, parquet } from '../../../packages/evals/src/__fixtures__/write-rows.ts';
import { FakeHub, sha256 } from '../../../packages/formats/src/hub/__fixtures__/fake-hub.ts';
import { type CommandResult, runCommand } from '../test/run-command.ts';

const checkpoint = fileURLToPath(new URL('../../../examples/demo/checkpoints/control', import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'bitcliff-cli-hub-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let hub: FakeHub;
beforeEach(async () => {
  hub = new FakeHub();
  await hub.start();
  vi.stubEnv('HF_ENDPOINT', hub.endpoint);
  vi.stubEnv('HF_HUB_CACHE', mkdtempSync(join(root, 'cache-')));
  vi.stubEnv('HF_HUB_OFFLINE', '');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await hub.stop();
});

const evaluate = (...args: string[]): Promise<CommandResult> =>
  runCommand('eval', checkpoint, '--recipes', 'w4', '--threads', '1', '--json', ...args);
const rowsOf = (task: string): readonly Readonly<Record<string, unknown>>[] => TASK_COLUMNS[task]!;

describe('bitcliff eval --data hf:', () => {
  it("fetches a task's own data set, a large Parquet file of a branch with slashes, once", async () => {
    const content = parquet(rowsOf('hellaswag'));
    hub.repo = 'Rowan/hellaswag';
    const file = 'default/validation/0000.parquet';
    const commit = hub.commit(
      { [file]: { content, lfs: true }, 'default/train/0000.parquet': 'not wanted' },
      'refs/convert/parquet',
    );
    const first = await evaluate('--data', 'hf:', '--tasks', 'hellaswag');
    expect(first.code, first.stderr).toBe(0);
    const { data, results } = JSON.parse(first.stdout);
    expect(data).toMatchObject([
      {
        task: 'hellaswag',
        dataset: 'Rowan/hellaswag',
        revision: commit,
        layout: 'parquet',
        files: [{ name: file, sha256: sha256(content) }],
        rowsUsed: rowsOf('hellaswag').length,
      },
    ]);
    const seen = hub.takeSeen();
    expect(seen.filter((request) => request.startsWith('cdn'))).toEqual([`cdn GET /blob/${sha256(content)}`]);
    expect(seen.some((request) => request.includes('train'))).toBe(false);

    vi.stubEnv('HF_HUB_OFFLINE', '1');
    const again = JSON.parse((await evaluate('--data', 'hf:', '--tasks', 'hellaswag')).stdout);
    expect(hub.takeSeen()).toEqual([]);
    expect(again.results).toEqual(results);
  });

  it('takes the folder of all tasks from one data set, at a revision, and records its commit', async () => {
    hub.repo = 'org/tasks';
    const names = ['piqa', 'lambada_openai'];
    const files = Object.fromEntries(names.map((name) => [`toy/${name}.jsonl`, jsonl(rowsOf(name))]));
    const commit = hub.commit(files, 'v1');
    hub.commit({ 'toy/piqa.jsonl': 'moved on' }, 'main');
    hub.token = 'hf_secret';
    const args = ['--data', 'hf:datasets/org/tasks@v1/toy', '--tasks', names.join(',')];
    const closed = await evaluate(...args);
    expect(closed.code).toBe(1);
    expect(closed.stderr).toContain('org/tasks');

    vi.stubEnv('HF_TOKEN', 'hf_secret');
    const { code, stdout, stderr } = await evaluate(...args);
    expect(code, stderr).toBe(0);
    expect(stderr).not.toContain('hf_secret');
    expect(JSON.parse(stdout).data).toMatchObject(
      names.map((task) => ({
        task,
        dataset: 'org/tasks',
        revision: commit,
        files: [
          { name: `${task}.jsonl`, sha256: sha256(new TextEncoder().encode(files[`toy/${task}.jsonl`])) },
        ],
      })),
    );
  });

  it('says what is not there', async () => {
    hub.repo = 'org/tasks';
    hub.commit({ 'piqa.jsonl': jsonl(rowsOf('piqa')) }, 'main');
    const missing = await evaluate('--data', 'hf:datasets/org/tasks', '--tasks', 'copa');
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('no data of task "copa"');
    const nowhere = await evaluate('--data', 'hf:datasets/org/other', '--tasks', 'piqa');
    expect(nowhere.code).toBe(1);
    expect(nowhere.stderr).toContain('org/other');
    const moved = await evaluate('--data', 'hf:', '--tasks', 'lambada_openai');
    expect(moved.stderr).toContain('EleutherAI/lambada_openai');
  });

  it('keeps nothing that is not what the repository lists', async () => {
    hub.repo = 'EleutherAI/lambada_openai';
    const content = jsonl(rowsOf('lambada_openai'));
    hub.commit({ 'data/lambada_test.jsonl': content }, 'main');
    hub.faults.push({ match: '/resolve/', body: content.replace('the', 'teh'), times: 100 });
    const spoiled = await evaluate('--data', 'hf:', '--tasks', 'lambada_openai');
    expect(spoiled.code).toBe(1);
    expect(spoiled.stdout).toBe('');
    hub.faults.length = 0;
    const { code } = await evaluate('--data', 'hf:', '--tasks', 'lambada_openai');
    expect(code).toBe(0);
  });
});
