import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type CommandResult, runCommand } from '../test/run-command.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const run = (name: string): string => here(`../../../examples/demo/checkpoints/${name}`);
const [early, middle, last] = ['control-step-0200', 'control-step-0800', 'control'].map(run) as [
  string,
  string,
  string,
];
const folder = mkdtempSync(join(tmpdir(), 'bitcliff-qid-'));
afterAll(() => rmSync(folder, { recursive: true }));
const text = join(folder, 'text.txt');
const stories = [
  'Tom felt very thirsty. It was a quiet morning. Tom knew what to do. Tom drank some water',
  'Mary gave the flute to Nora. Anna sold the mask to Ben. A boy asked about the flute. The flute was with Nora',
  'Max walked to the market. Emma went to the tower. Nora was looking for Max. Nora met Max at the market',
];
writeFileSync(text, `${stories.join('\n')}\n`.repeat(8));
const short = ['--text', text, '--lines', '--sequences', '12', '--threads', '1'];
const qid = (...args: string[]): Promise<CommandResult> => runCommand('qid', ...args);

describe('bitcliff qid', () => {
  it('prints curves in the order of steps, the fits and their residuals', async () => {
    const { code, stdout, stderr } = await qid(
      last,
      early,
      middle,
      ...short,
      '--recipes',
      'rtn-w2g64,rtn-w3g64',
    );
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(`12 lines of at most 96 tokens of ${text}, seed 0.`);
    const order = stdout
      .split('\n')
      .flatMap((line) => /checkpoints\/(\S+) +(\d+)/.exec(line)?.slice(1) ?? []);
    expect(order).toEqual(['control-step-0200', '200', 'control-step-0800', '800', 'control', '1600']);
    expect(stdout).toMatch(/rtn-w2g64 ΔNLL +relative +KL +rtn-w3g64 ΔNLL/);
    expect(stdout).toMatch(/^ouyang /m);
    expect(stdout).toMatch(/^kumar /m);
    expect(stdout).toMatch(/^rtn-w2g64 +200 /m);
  });

  it('gives records and fits as JSON, with task scores', async () => {
    const rows = stories.map((story) => JSON.stringify({ text: story }));
    writeFileSync(join(folder, 'lambada_openai.jsonl'), rows.join('\n'));
    const tasks = ['--tasks', 'lambada_openai', '--data', folder];
    const { stdout } = await qid(
      early,
      last,
      ...short,
      '--recipes',
      'rtn-w2g64,rtn-w4g64',
      ...tasks,
      '--json',
    );
    const { text: source, records, fit } = JSON.parse(stdout);
    expect(source).toEqual({ file: text, seed: 0, length: 96, lines: true, count: 12 });
    expect(records.map(({ step, variant }: { step: number; variant: string }) => [step, variant])).toEqual([
      [200, 'baseline'],
      [200, 'rtn-w2g64'],
      [200, 'rtn-w4g64'],
      [1600, 'baseline'],
      [1600, 'rtn-w2g64'],
      [1600, 'rtn-w4g64'],
    ]);
    const stated = JSON.parse(readFileSync(join(last, 'bitcliff.json'), 'utf8'));
    expect(records[4]).toMatchObject({
      tokens: stated.tokens,
      learningRate: stated.learningRate,
      bits: 2,
      score: expect.any(Number),
    });
    expect(records[4].kl).toBeGreaterThan(records[5].kl);
    expect(fit.points).toHaveLength(4);
    expect(fit.fits.map(({ law }: { law: string }) => law)).toEqual(['ouyang', 'kumar']);
  });

  it('says why nothing is fitted, and prints the curve all the same', async () => {
    const { code, stdout } = await qid(last, ...short, '--recipes', 'w8a8');
    expect(code).toBe(0);
    expect(stdout).toContain('w8a8 ΔNLL');
    expect(stdout).toMatch(/^The laws are not fitted: .+\.$/m);
  });

  it('refuses tokenizers that differ, and tasks without data', async () => {
    const other = join(folder, 'other');
    cpSync(last, other, { recursive: true });
    const json = JSON.parse(readFileSync(join(other, 'tokenizer.json'), 'utf8'));
    json.model.merges.pop();
    writeFileSync(join(other, 'tokenizer.json'), JSON.stringify(json));
    const differ = await qid(early, other, ...short);
    expect(differ.code).toBe(1);
    expect(differ.stderr).toContain(
      `openCheckpoints: the tokenizers differ, expected the tokenizer of ${early}`,
    );
    const tasks = await qid(early, ...short, '--tasks', 'piqa');
    expect(tasks.stderr).toContain('qid: tasks without data, expected a folder (--data)');
    expect((await qid(...short)).code).toBe(2);
    const help = await qid('--help');
    expect(help.stdout).toContain('$ bitcliff qid runs/my-model-step-*');
  });
});
