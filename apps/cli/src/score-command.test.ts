import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../test/run-command.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const golden = here('../../../packages/runtime/test/golden/llama');
const demo = here('../../../examples/demo/checkpoints/control');

describe('bitcliff score', () => {
  it('gives the golden log-probabilities by ids, without a tokenizer', async () => {
    const { sequences, quantized } = JSON.parse(readFileSync(`${golden}/golden/golden.json`, 'utf8'));
    for (const [s, sequence] of sequences.entries()) {
      const ids = sequence.input_ids.join(',');
      const plain = JSON.parse((await runCommand('score', golden, '--ids', ids, '--json')).stdout);
      expect(plain.ids).toEqual(sequence.input_ids);
      expect(plain.argmax).toEqual(sequence.argmax);
      expect(plain.perplexity).toBeCloseTo(sequence.perplexity, 2);
      const w4 = JSON.parse(
        (await runCommand('score', golden, '--ids', ids, '--recipe', 'w4', '--json')).stdout,
      );
      for (const [t, logProb] of sequence.token_logprobs.entries()) {
        expect(plain.tokenLogProbs[t]).toBeCloseTo(logProb, 4);
        expect(w4.tokenLogProbs[t]).toBeCloseTo(quantized.w4_sym_percolumn.token_logprobs[s][t], 4);
      }
    }
  });

  it('prints a row per token of a text, and the perplexity', async () => {
    const { code, stdout } = await runCommand('score', demo, '--text', 'Tom hid the ball in the chest.');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^position +id +token +log p +rank$/m);
    expect(stdout).toMatch(/" ball" +-\d+\.\d{4} +\d+$/m);
    expect(stdout).toMatch(/^perplexity \d+\.\d{4}$/m);
  });

  it.each<[string[], number, string]>([
    [['--json'], 1, 'score: nothing to score, expected either --text or --ids'],
    [['--text', 'a', '--ids', '1'], 1, 'score: two things to score'],
    [['--ids', '1,x'], 2, 'Expected integers from 0 with commas between them.'],
    [['--ids', '97'], 1, 'token id outside the vocabulary, expected an integer in [0, 97), received 97'],
    [['--text', 'a'], 1, 'missing file tokenizer.json'],
    [['--ids', '1', '--recipe', 'w5'], 1, 'unknown recipe "w5"'],
  ])('refuses %j', async (args, expected, message) => {
    const { code, stdout, stderr } = await runCommand('score', golden, ...args);
    expect(stderr).toContain(message);
    expect(stdout).toBe('');
    expect(code).toBe(expected);
  });
});
