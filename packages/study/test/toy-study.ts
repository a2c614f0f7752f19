/** @file A study of the shipped toy checkpoints, small enough for tests. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRng } from '@bitcliff/core';
import { hubSettingsFromEnv } from '@bitcliff/formats/hub';
import * as ort from 'onnxruntime-node';
import type { StudyConfig } from '../src/config/study-config.ts';
import { exportStudy, loadStudy, type RunStudyOptions, runStudy, type StudyEvent } from '../src/node.ts';

/** A checkpoint that the repository holds. */
export const demoCheckpoint = (name: string): string =>
  fileURLToPath(new URL(`../../../examples/demo/checkpoints/${name}`, import.meta.url));

const WHO = ['Tom', 'Anna', 'Mary', 'Ben'];
const WHAT = ['ball', 'box', 'cat', 'boat', 'cake'];
const COLOUR = ['red', 'blue', 'green'];

/** Rows of two tasks and a text, in the toy world's words. */
export async function writeToyData(folder: string, items = 30): Promise<void> {
  const rng = createRng(5);
  const pick = (words: readonly string[]): string => words[rng.int(words.length)]!;
  const lines = (rows: readonly object[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const numbers = Array.from({ length: items }, (_, i) => i);
  const copa = numbers.map((idx) => ({
    premise: `${pick(WHO)} lost the ${pick(COLOUR)} ${pick(WHAT)}.`,
    choice1: `${pick(WHO)} looked for it.`,
    choice2: `The ${pick(WHAT)} was ${pick(COLOUR)}.`,
    question: rng.int(2) === 0 ? 'cause' : 'effect',
    label: rng.int(2),
    idx,
  }));
  const lambada = numbers.map(() => {
    const what = pick(WHAT);
    return { text: `${pick(WHO)} had a ${pick(COLOUR)} ${what}. ${pick(WHO)} liked the ${what}` };
  });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'copa.jsonl'), lines(copa));
  await writeFile(join(folder, 'lambada_openai.jsonl'), lines(lambada));
  const story = numbers.map(() => `${pick(WHO)} found the ${pick(COLOUR)} ${pick(WHAT)} of ${pick(WHO)}.`);
  await writeFile(join(folder, 'text.txt'), [...story, ...story, ...story].join(' '));
}

/** The config; write it with {@link writeConfig}. */
export const TOY: StudyConfig = {
  name: 'toy',
  checkpoints: [{ path: demoCheckpoint('control'), name: 'control' }],
  recipes: ['w4', 'gptq-w3g32'],
  tasks: ['copa', 'lambada_openai'],
  data: 'data',
  calibration: [{ name: 'text', source: 'data/text.txt', samples: 2, length: 32 }],
  texts: [{ name: 'text', file: 'data/text.txt', sequences: 2, length: 32 }],
  analyses: ['loss'],
  engine: { threads: 1, kernels: 'cpu' },
};

/** @returns its path */
export async function writeConfig(folder: string, changes: Partial<StudyConfig> = {}): Promise<string> {
  const path = join(folder, 'study.json');
  await writeFile(path, JSON.stringify({ ...TOY, ...changes }));
  return path;
}

/** Run a config in this process. */
export async function run(
  config: string,
  more: Partial<RunStudyOptions> = {},
): Promise<Awaited<ReturnType<typeof runStudy>> & { events: StudyEvent[]; store: string }> {
  const events: StudyEvent[] = [];
  const loaded = await loadStudy(config);
  const outcome = await runStudy({
    ...loaded,
    ort,
    hub: hubSettingsFromEnv({}),
    onEvent: (event) => events.push(event),
    ...more,
  });
  return { ...outcome, events, store: loaded.store };
}

/** Everything that a store holds but times and machines: the text of each exported file by name. */
export async function contents(store: string): Promise<Record<string, string>> {
  const folder = `${store}.export`;
  await exportStudy(store, folder, 'jsonl');
  const names = (await readdir(folder)).filter((name) => name !== 'manifests.jsonl').sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  await rm(folder, { recursive: true });
  return Object.fromEntries(names.map((name, i) => [name, texts[i]!]));
}
