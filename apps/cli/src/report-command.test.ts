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
import type { Report } from '@bitcliff/report';
import type { StudyConfig } from '@bitcliff/study';
import { openStudy } from '@bitcliff/study/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../test/run-command.ts';

const demo = fileURLToPath(new URL('../../../examples/demo/checkpoints/control', import.meta.url));

let folder: string;
let config: string;
let store: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bitcliff-report-'));
  config = join(folder, 'study.json');
  store = join(folder, 'toy.study.sqlite');
  mkdirSync(join(folder, 'data'));
  const rows = ['Tom had a red ball. Anna liked the ball', 'Mary had a blue box. Ben liked the box'];
  const text = rows.map((row) => `${JSON.stringify({ text: row })}\n`).join('');
  writeFileSync(join(folder, 'data', 'lambada_openai.jsonl'), text);
  const study: StudyConfig = {
    name: 'toy',
    checkpoints: [demo],
    recipes: ['w4'],
    tasks: ['lambada_openai'],
    data: 'data',
    analyses: ['weights'],
    engine: { threads: 1 },
  };
  writeFileSync(config, JSON.stringify(study));
  const { code, stderr } = await runCommand('study', 'run', config);
  expect(code, stderr).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('bitcliff report', () => {
  it('prints the answer and the tables of a config or its store', async () => {
    const report = await runCommand('report', config);
    expect(report).toMatchObject({ code: 0, stderr: '' });
    expect(report.stdout).toMatch(/^toy\n═══\n/);
    expect(report.stdout).toMatch(/^What is lost:$/m);
    expect(report.stdout).toMatch(/^control +w4 /m);
    expect((await runCommand('report', store)).stdout).toBe(report.stdout);
  });

  it('prints the sections that are asked for', async () => {
    const scores = await runCommand('report', config, '--sections', 'scores');
    expect(scores.stdout).toContain('Scores by task');
    expect(scores.stdout).not.toContain('Paired tests');
    expect((await runCommand('report', config, '--sections', 'none')).stdout).not.toContain('Scores');
    const wrong = await runCommand('report', config, '--sections', 'score');
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('Did you mean "scores"?') });
  });

  it('prints the numbers of the store', async () => {
    const report: Report = JSON.parse((await runCommand('report', config, '--json')).stdout);
    const scores = report.sections.flatMap(({ tables }) => tables).find(({ id }) => id === 'scores')!;
    const study = openStudy(store);
    try {
      for (const { variant, headline, metrics, run } of study.records('task')) {
        const row = scores.rows.find(([, name]) => name!.value === variant)!;
        const scale = headline === 'acc' ? 100 : 1;
        expect(row[3]!.value).toBeCloseTo(scale * metrics[headline]!.value, 10);
        expect(row[3]!.runs).toEqual([run]);
      }
    } finally {
      study.close();
    }
  });

  it('writes files, and only whole ones', async () => {
    const out = join(folder, 'out');
    const report = await runCommand('report', config, '--format', 'html,md,csv,svg', '--out', out);
    expect(report).toMatchObject({ code: 0, stderr: '' });
    expect(report.stdout.trim().split('\n')).toEqual(
      ['report.html', 'report.md', 'tables', 'figures'].map((name) => join(out, name)),
    );
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('Content-Security-Policy');
    expect(readFileSync(join(out, 'tables', 'scores.csv'), 'utf8')).toMatch(/^checkpoint,variant,/);
    const figures = readdirSync(join(out, 'figures'));
    expect(figures).toContain('weights.svg');
    for (const name of figures.filter((file) => file.endsWith('.svg'))) {
      expect(
        JSON.parse(readFileSync(join(out, 'figures', name.replace('.svg', '.vl.json')), 'utf8')).$schema,
      ).toContain('vega-lite');
      expect(readFileSync(join(out, 'report.md'), 'utf8')).toContain(`(figures/${name})`);
    }
    expect(readdirSync(out, { recursive: true }).filter((name) => String(name).endsWith('.partial'))).toEqual(
      [],
    );
  });

  it('writes HTML beside the store where no folder is named', async () => {
    const { stdout } = await runCommand('report', store, '--format', 'html');
    expect(stdout).toBe(`${join(folder, 'toy.report', 'report.html')}\n`);
    expect(existsSync(stdout.trim())).toBe(true);
  });

  it('says what is wrong', async () => {
    expect(await runCommand('report', config, '--format', 'pdf')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('html'),
    });
    expect(await runCommand('report', join(folder, 'missing.sqlite'))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no such store .*missing\.sqlite.*bitcliff study run/s),
    });
    writeFileSync(join(folder, 'broken.sqlite'), 'not a database, but long enough to be taken for one');
    expect(await runCommand('report', join(folder, 'broken.sqlite'))).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('broken.sqlite'),
    });
  });
});
