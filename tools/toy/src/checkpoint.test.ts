import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openSafetensorsFile } from '@bitcliff/formats/node';
import { expect, test } from 'vitest';
import { fromHubConfig } from './checkpoint.ts';
import { storyTexts, trainingStories } from './corpus.ts';
import {
  CORPUS_SEED,
  CORPUS_STORIES,
  createOptimizerConfig,
  MODEL,
  TOKENIZER_STORIES,
  TRAINING_SEED,
  TRAINING_STEPS,
} from './demo-config.ts';
import { parameterCount } from './model.ts';
import { DEFAULT_TASK_SEED } from './tasks.ts';
import { encode, loadTokenizer, trainTokenizer } from './tokenizer.ts';

const folder = new URL('../../../examples/demo/checkpoint/', import.meta.url).pathname;
// biome-ignore lint/suspicious/noExplicitAny: records are compared with expectations
const readJson = (name: string): any => JSON.parse(readFileSync(join(folder, name), 'utf8'));

test('the committed folder is complete and smaller than 1 MB', () => {
  const names = [
    'config.json',
    'model.safetensors',
    'tokenizer.json',
    'tokenizer_config.json',
    'training.json',
  ];
  expect(readdirSync(folder).sort()).toEqual(names);
  const bytes = names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  expect(bytes).toBeLessThan(1_000_000);
});

test('training.json records the seeds and steps that the script has now', () => {
  const training = readJson('training.json');
  expect(training.seed).toBe(TRAINING_SEED);
  expect(training.model).toMatchObject(MODEL);
  expect(training.optimizer).toMatchObject(createOptimizerConfig(TRAINING_STEPS));
  expect(training.corpus).toMatchObject({ seed: CORPUS_SEED, stories: CORPUS_STORIES });
  expect(training.result.tasks.seed).toBe(DEFAULT_TASK_SEED);
  expect(training.result.tasks.hellaswagAccuracy).toBeGreaterThan(0.45);
  expect(training.result.tasks.lambadaAccuracy).toBeGreaterThan(0.5);
});

test('the weights are those that config.json describes, finite and in F16', async () => {
  const config = fromHubConfig(readJson('config.json'));
  const source = await openSafetensorsFile(join(folder, 'model.safetensors'));
  let count = 0;
  expect(config).toEqual(MODEL);
  for (const name of source.names()) {
    expect(source.info(name).dtype).toBe('F16');
    const { data } = await source.read(name);
    count += data.length;
    expect(
      [...(data as Uint16Array)].every((bits) => (bits & 0x7c00) !== 0x7c00),
      name,
    ).toBe(true);
  }
  await source.close();
  expect(count).toBe(parameterCount(config));
});

test('the tokenizer is the one that the training text gives', () => {
  const texts = storyTexts(trainingStories().slice(0, TOKENIZER_STORIES), CORPUS_SEED + 1);
  const { vocab_size, max_position_embeddings } = readJson('config.json');
  const files = { tokenizer: readJson('tokenizer.json'), config: readJson('tokenizer_config.json') };
  expect(files).toEqual(trainTokenizer(texts, vocab_size, max_position_embeddings));
  const tokenizer = loadTokenizer(files);
  for (const text of texts.slice(0, 20)) {
    expect(tokenizer.decode(encode(tokenizer, text), { skip_special_tokens: true })).toBe(text);
  }
});
