import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { type CommandResult, runCommand } from '../test/run-command.ts';

const demo = fileURLToPath(new URL('../../../examples/demo/checkpoints/control', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'bitcliff-equal-'));
afterAll(() => rmSync(folder, { recursive: true }));
const text = join(folder, 'text.txt');
writeFileSync(text, 'Tom hid the ball in the garden. Anna found the ball. The dog ran home.\n'.repeat(20));
const equalBits = (...args: string[]): Promise<CommandResult> =>
  runCommand(
    'equal-bits',
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

describe('bitcliff equal-bits', () => {
  it('prints what each role is worth', async () => {
    const { code, stdout, stderr } = await equalBits('--recipe', 'rtn-w2g64');
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('rtn-w2g64 with one role at 8 bits, 2 windows of 24 tokens');
    for (const role of ['none', 'attn.qkv', 'attn.out', 'mlp.up', 'mlp.down'])
      expect(stdout).toMatch(new RegExp(`^${role.replace('.', '\\.')} +[–\\d]`, 'm'));
    expect(stdout).toMatch(/The least KL divergence: (attn|mlp)\.\w+ kept\.$/m);
  });

  it('gives all records as JSON', async () => {
    const { stdout } = await equalBits('--recipe', 'rtn-w3g64', '--keep-bits', '4', '--json');
    const { keepBits, records } = JSON.parse(stdout);
    expect(keepBits).toBe(4);
    expect(records.map(({ role }: { role: string | null }) => role)).toEqual([
      null,
      'attn.qkv',
      'attn.out',
      'mlp.up',
      'mlp.down',
    ]);
    for (const { averageBits } of records.slice(1))
      expect(averageBits).toBeGreaterThan(records[0].averageBits);
  });

  it('refuses bits that a role has already', async () => {
    const { code, stderr } = await equalBits('--recipe', 'rtn-w8g64');
    expect(code).toBe(1);
    expect(stderr).toContain('error: ');
    expect((await equalBits('--keep-bits', '0')).code).toBe(2);
  });
});
