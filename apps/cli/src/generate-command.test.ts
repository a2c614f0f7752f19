import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../test/run-command.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const golden = here('../../../packages/runtime/test/golden/llama');
const demo = here('../../../examples/demo/checkpoints/control');

describe('bitcliff generate', () => {
  it('gives the golden greedy tokens by ids, without a tokenizer', async () => {
    const { sequences } = JSON.parse(readFileSync(`${golden}/golden/golden.json`, 'utf8'));
    const { input_ids, greedy_new_tokens: tokens } = sequences[0];
    const args = ['generate', golden, '--ids', input_ids.join(','), '--max-tokens', String(tokens.length)];
    const plain = await runCommand(...args);
    expect(plain).toMatchObject({ code: 0, stdout: `${tokens.join(',')}\n` });
    const json = JSON.parse((await runCommand(...args, '--json')).stdout);
    expect(json).toEqual({ variant: 'baseline', prompt: input_ids, tokens, end: 'maxTokens' });
  });

  it('writes text as it comes, the same as in JSON', async () => {
    const args = [
      'generate',
      demo,
      '--prompt',
      'Tom hid the ball in the',
      '--recipe',
      'w8a8',
      '--max-tokens',
      '12',
    ];
    const plain = await runCommand(...args);
    const json = JSON.parse((await runCommand(...args, '--json')).stdout);
    expect(json.variant).toBe('w8a8');
    expect(plain.stdout).toBe(`${json.text}\n`);
    expect(json.text).toMatch(/^ [a-z]+\. [A-Z]/);
    const random = [...args, '--temperature', '1.5', '--top-k', '30', '--top-p', '0.95', '--seed'];
    const [one, two] = [await runCommand(...random, '1'), await runCommand(...random, '2')];
    expect(one.stdout).not.toBe(two.stdout);
    expect((await runCommand(...random, '1')).stdout).toBe(one.stdout);
  });

  it.each<[string[], number, string]>([
    [[], 1, 'generate: nothing to continue, expected either --prompt or --ids'],
    [['--prompt', 'a', '--ids', '1'], 1, 'generate: two things to continue'],
    [['--ids', '1', '--top-p', '2'], 1, 'bad topP, expected a number above 0, at most 1, received 2'],
    [['--ids', '1', '--memory', '0.01'], 1, 'the memory budget is too small for one block'],
    [['--ids', '1', '--provider', 'tpu'], 1, 'createSession: ONNX Runtime refused the graph'],
    [['--prompt', 'a'], 1, 'missing file tokenizer.json'],
    [['--ids', '1', '--temperature', 'hot'], 2, 'Expected a number.'],
  ])('refuses %j', async (args, expected, message) => {
    const { code, stdout, stderr } = await runCommand('generate', golden, ...args);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(code).toBe(expected);
  });
});
