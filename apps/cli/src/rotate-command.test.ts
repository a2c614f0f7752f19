import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { runCommand } from '../test/run-command.ts';

const golden = fileURLToPath(new URL('../../../packages/runtime/test/golden/llama', import.meta.url));
const { sequences } = JSON.parse(readFileSync(`${golden}/golden/golden.json`, 'utf8'));
const ids: string = sequences[0].input_ids.join(',');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('writes a checkpoint that scores as the original does', async () => {
  const out = join(folder, 'rotated');
  expect(await runCommand('rotate', golden, '--out', out, '--seed', '2')).toEqual({
    code: 0,
    stdout: `${out}: rotated with seed 2\n`,
    stderr: '',
  });
  const perplexity = async (path: string): Promise<number> =>
    JSON.parse((await runCommand('score', path, '--ids', ids, '--json')).stdout).perplexity;
  expect(Math.abs((await perplexity(out)) / (await perplexity(golden)) - 1)).toBeLessThan(1e-4);
  expect((await runCommand('rotate', golden, '--out', out)).stderr).toContain('the output exists');
});
