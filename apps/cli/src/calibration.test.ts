import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Checkpoint } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { runCommand } from '../test/run-command.ts';
import { type CalibrationFlags, readCalibration } from './calibration.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const demo = here('../../../examples/demo/checkpoints/control');
const golden = here('../../../packages/runtime/test/golden/llama');

let checkpoint: Checkpoint;
let encode: (text: string) => number[];
let decode: (ids: ArrayLike<number>) => string;
beforeAll(async () => {
  checkpoint = await openCheckpoint(demo);
  const tokenizer = await checkpoint.tokenizer();
  encode = (text) => tokenizer.encode(text, { addSpecialTokens: false });
  decode = (ids) => tokenizer.decode(Array.from(ids));
  return () => checkpoint.close();
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-test-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

const flags = (calibration: string, more: Partial<CalibrationFlags> = {}): CalibrationFlags => ({
  calibration,
  samples: 3,
  length: 16,
  seed: 1,
  threads: 1,
  memory: 2,
  provider: ['cpu'],
  ...more,
});
const read = (calibration: string, more?: Partial<CalibrationFlags>) =>
  readCalibration(checkpoint, flags(calibration, more), {});

const COPA = [
  { premise: 'Tom hid the ball.', choice1: 'Mary looked for it.', choice2: 'The moon was red.' },
  { premise: 'Anna opened the box.', choice1: 'She was asleep.', choice2: 'She found a red ball.' },
].map((row, i) => ({ ...row, question: 'effect', label: i, idx: i }));
const jsonLines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

describe('columns of files', () => {
  const rows = Array.from({ length: 40 }, (_, i) => ({
    story: `Tom found ${i} red balls in the box.`,
    id: i,
  }));

  it('are rows in random order, one behind the other', async () => {
    const path = join(folder, 'rows.jsonl');
    await writeFile(path, jsonLines([{ story: '', id: -1 }, ...rows]));
    const windows = await read(`${path}#story`);
    expect(windows.map(({ length }) => length)).toEqual([16, 16, 16]);
    const all = decode(windows.flatMap((ids) => Array.from(ids)));
    const places = rows.map(({ story }) => all.indexOf(story)).filter((at) => at >= 0);
    expect(places.length).toBeGreaterThan(1);
    expect(await read(`${path}#story`)).toEqual(windows);
    expect(await read(`${path}#story`, { seed: 2 })).not.toEqual(windows);
    await writeFile(`${path}.gz`, gzipSync(await readFile(path)));
    await rm(path);
    expect(await read(`${path}.gz#story`)).toEqual(windows);
    await writeFile(path, jsonLines(rows.map(({ id }) => ({ story: id, id }))));
    await expect(read(path)).rejects.toThrow(
      'column "text" is missing, expected a string, received columns story, id',
    );
    await expect(read(`${path}#story`)).rejects.toThrow('column "story" does not fit, expected a string');
  });

  it('are cut at random places where they are few, and refused where they are fewer', async () => {
    const path = join(folder, 'few.json');
    await writeFile(
      path,
      jsonLines([{ text: 'Tom found the red ball in the big box of Anna.' }, { text: 'The end.' }]),
    );
    const tokens =
      encode('Tom found the red ball in the big box of Anna.\n\n').length + encode('The end.\n\n').length;
    expect(tokens).toBeLessThan(48);
    const windows = await read(path, { length: tokens - 1 });
    expect(windows.map(({ length }) => length)).toEqual([tokens - 1, tokens - 1, tokens - 1]);
    await expect(read(path, { length: tokens + 1 })).rejects.toThrow(
      `the calibration text is shorter than one window, expected at least ${tokens + 1} tokens, received ${tokens}`,
    );
  });

  it('are read from the Hub', async () => {
    const repo = join(folder, 'datasets--org--stories');
    const commit = 'a'.repeat(40);
    for (const [path, text] of [
      ['refs/main', commit],
      ['blobs/one', jsonLines(rows)],
    ] as const) {
      await mkdir(join(repo, path, '..'), { recursive: true });
      await writeFile(join(repo, path), text);
    }
    await mkdir(join(repo, 'snapshots', commit), { recursive: true });
    await symlink('../../blobs/one', join(repo, 'snapshots', commit, 'train.jsonl'));
    vi.stubEnv('HF_HUB_CACHE', folder);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    const local = join(folder, 'same.jsonl');
    await writeFile(local, jsonLines(rows));
    expect(await read('hf:datasets/org/stories/train.jsonl#story')).toEqual(await read(`${local}#story`));
    await expect(read('hf:datasets/org/stories')).rejects.toThrow(
      'a whole repository, expected a file of it',
    );
  });
});

describe('tasks', () => {
  it('give questions with their right answers, evaluated or for training', async () => {
    await writeFile(join(folder, 'copa.jsonl'), jsonLines(COPA));
    await mkdir(join(folder, 'copa'));
    await writeFile(
      join(folder, 'copa', 'train.jsonl'),
      jsonLines(COPA.map((row) => ({ ...row, label: 1 - row.label }))),
    );
    const text = (windows: ArrayLike<number>[]): string => decode(Array.from(windows[0]!));
    const evaluated = text(await read('task:copa', { data: folder, length: 24 }));
    expect(evaluated).toMatch(/mary looked for it|she found a red ball/i);
    expect(evaluated).not.toMatch(/the moon|asleep/i);
    const training = text(await read('task:copa:train', { data: folder, length: 24 }));
    expect(training).toMatch(/the moon was red|she was asleep/i);
  });

  it.each<[string, Partial<CalibrationFlags>, string]>([
    ['task:copa', {}, 'no place of the rows, expected data'],
    ['task:copa:test', { data: '.' }, 'an unknown split, expected train, received test'],
    ['task:wikitext2_gptq', { data: '.' }, 'task "wikitext2_gptq" has no questions'],
    ['task:copaa', { data: '.' }, 'Did you mean "copa"?'],
  ])('%s %j is refused', async (source, more, message) => {
    await expect(read(source, more)).rejects.toThrow(message);
  });
});

describe('self-generated', () => {
  it('begins with BOS, or with random tokens where no tokenizer names one, by seed', async () => {
    const bos = (await checkpoint.tokenizer()).bosTokenId;
    const sequences = await read('self-generated');
    expect(sequences.map(({ length }) => length)).toEqual([16, 16, 16]);
    if (bos !== undefined) expect(sequences.map((ids) => ids[0])).toEqual([bos, bos, bos]);
    expect(new Set(sequences.map((ids) => Array.from(ids).join())).size).toBe(3);
    expect(await read('self-generated')).toEqual(sequences);
    expect(await read('self-generated', { seed: 9 })).not.toEqual(sequences);
    const plain = await openCheckpoint(golden);
    const random = await readCalibration(plain, flags('self-generated', { samples: 8 }), {});
    await plain.close();
    expect(new Set(random.map((ids) => ids[0])).size).toBeGreaterThan(3);
  });

  it('quantizes, and the manifest says so', async () => {
    const out = join(folder, 'out');
    const source = ['--calibration', 'self-generated', '--samples', '3', '--length', '12'];
    const args = ['--recipe', 'gptq-w4g32', '--format', 'gptq', '--out', out, ...source, '--threads', '1'];
    expect(await runCommand('quantize', golden, ...args)).toMatchObject({ code: 0, stderr: '' });
    const manifest = JSON.parse(await readFile(join(out, 'bitcliff-manifest.json'), 'utf8'));
    expect(manifest.source).toMatchObject({ calibration: 'self-generated', seed: 0 });
    expect(manifest.calibration).toMatchObject({
      sequences: 3,
      tokens: 36,
      tokenHash: /^[0-9a-f]{64}$/.exec(manifest.calibration.tokenHash)![0],
    });
  });
});

it('both commands list the sources', async () => {
  for (const command of ['quantize', 'eval']) {
    const { stdout } = await runCommand(command, '--help');
    for (const source of [
      'rows.jsonl#text',
      'hf:datasets/',
      'task:piqa:train',
      'random-punctuation',
      'self-generated',
    ])
      expect(stdout).toContain(source);
  }
});
