/** @file Every command of docs/from-checkpoint-to-decision.md, one after the other, in a folder that looks like the root of the repository. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const guide = readFileSync(join(root, 'docs', 'from-checkpoint-to-decision.md'), 'utf8');
const blocks = [...guide.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, text]) => ({
  language,
  text: text!,
}));
const commands = blocks.flatMap(({ language, text }) => (language === 'sh' ? text.trim().split('\n') : []));

let folder: string;
const node = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, ['--conditions=@bitcliff/source', ...args], { cwd: folder, encoding: 'utf8' });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'bitcliff-guide-'));
  mkdirSync(join(folder, 'examples', 'demo'), { recursive: true });
  symlinkSync(join(root, 'examples', 'demo', 'checkpoints'), join(folder, 'examples', 'demo', 'checkpoints'));
  const { status } = node(
    join(root, 'tools', 'toy', 'src', 'write-tasks.ts'),
    '--out',
    'examples/demo/.data',
  );
  expect(status).toBe(0);
  for (const { language, text } of blocks)
    if (language === 'yaml') writeFileSync(join(folder, /^# (\S+)/.exec(text)![1]!), text);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('the guide', () => {
  it('has commands, all of this program', () => {
    expect(commands.length).toBeGreaterThan(6);
    for (const command of commands) expect(command).toMatch(/^bitcliff /);
  });

  it.each(commands)(
    '%s',
    (command) => {
      // words, and texts in double quotes
      const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word!);
      const { status, stdout, stderr } = node(join(root, 'apps', 'cli', 'src', 'bin.ts'), ...words.slice(1));
      expect(stderr).not.toMatch(/^error/m);
      expect(status).toBe(0);
      expect(stdout.length).toBeGreaterThan(20);
    },
    60_000,
  );

  it('ends with a model, a recipe and a report', () => {
    const config = JSON.parse(readFileSync(join(folder, 'guide-model', 'config.json'), 'utf8'));
    expect(config.quantization_config.quant_method).toBe('gptq');
    expect(JSON.parse(readFileSync(join(folder, 'guide-mixed.json'), 'utf8'))).toHaveProperty('roles');
    expect(readFileSync(join(folder, 'guide-report', 'report.html'), 'utf8')).toContain('gptq-w3g32');
  });
});
