import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createRng } from '@bitcliff/core';
import { decoderLogits } from '@bitcliff/pretrain';
import { readCheckpoint } from '@bitcliff/pretrain/node';
import { createEngine } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import { init, numpy as np } from '@jax-js/jax';
import * as ort from 'onnxruntime-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { createTexts } from './corpus.ts';
import {
  CORPUS_SEED,
  CORPUS_TEXTS,
  demoPretraining,
  EARLY_STEPS,
  SEQUENCE_LENGTH,
  TOKENIZER_TEXTS,
  VOCABULARY_SIZE,
} from './demo-config.ts';
import { encode, loadTokenizer, trainTokenizer } from './tokenizer.ts';

beforeAll(async () => void (await init('wasm')));

const root = new URL('../../../examples/demo/checkpoints/', import.meta.url).pathname;
// biome-ignore lint/suspicious/noExplicitAny: records are compared with expectations
const readJson = (...path: string[]): any => JSON.parse(readFileSync(join(root, ...path), 'utf8'));
const { variants } = demoPretraining('.');
const early = EARLY_STEPS.map((step) => `control-step-${String(step).padStart(4, '0')}`);
const folders = [...variants.map(({ name }) => name), ...early];

test('every variant and the early steps of the control are there', () => {
  const names = readdirSync(root, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  );
  expect(names.sort()).toEqual(folders.toSorted());
});

describe.each(folders)('%s', (name) => {
  test('is complete and at most 3 MB', () => {
    const files = [
      'bitcliff.json',
      'config.json',
      'model.safetensors',
      'tokenizer.json',
      'tokenizer_config.json',
      'training.json',
    ];
    expect(readdirSync(join(root, name)).sort()).toEqual(files);
    const bytes = files.reduce((sum, file) => sum + statSync(join(root, name, file)).size, 0);
    expect(bytes).toBeLessThan(3_000_000);
  });

  test('was trained as demo-config.ts has it now', () => {
    const record = readJson(name, 'training.json');
    const variant = variants.find((v) => v.name === record.variant)!;
    expect(record.training).toEqual(variant.training);
    expect(name).toBe(
      record.step === variant.training.steps
        ? record.variant
        : `control-step-${String(record.step).padStart(4, '0')}`,
    );
    expect(record.corpus.documents).toBe(CORPUS_TEXTS);
    const { step, tokens, learningRate, weightDecay } = record;
    expect(readJson(name, 'bitcliff.json')).toMatchObject({
      ...{ step, tokens, learningRate, weightDecay },
      labels: { variant: record.variant, clipNorm: record.training.clipNorm ?? 'none' },
    });
  });

  test('gives the same logits in @bitcliff/runtime as where it was trained', async () => {
    const { model, params } = await readCheckpoint(join(root, name));
    const rng = createRng(3);
    const ids = Array.from({ length: 24 }, () => rng.int(model.vocabularySize));
    const ints = (value: (t: number) => number): np.Array =>
      np
        .array(
          Int32Array.from(ids, (_, t) => value(t)),
          { dtype: np.int32 },
        )
        .reshape([1, ids.length]);
    const batch = { tokens: ints((t) => ids[t]!), documents: ints(() => 1), positions: ints((t) => t) };
    const expected = decoderLogits(params, batch, model, {
      precision: 'f32',
      normPrecision: 'f32',
    }).dataSync();
    const checkpoint = await openCheckpoint(join(root, name));
    const engine = await createEngine(checkpoint, { ort });
    try {
      const [baseline] = await engine.logits(ids);
      const actual = [...baseline!.logits];
      const worst = Math.max(...actual.map((value, i) => Math.abs(value - expected[i]!)));
      expect(actual).toHaveLength(expected.length);
      expect(worst).toBeLessThan(1e-3);
    } finally {
      await engine.dispose();
      await checkpoint.close();
    }
  });
});

test('the tokenizer is the one that the training text gives', () => {
  const texts = createTexts(CORPUS_SEED, TOKENIZER_TEXTS, false);
  const files = {
    tokenizer: readJson('control', 'tokenizer.json'),
    config: readJson('control', 'tokenizer_config.json'),
  };
  expect(files).toEqual(trainTokenizer(texts, VOCABULARY_SIZE, SEQUENCE_LENGTH));
  const tokenizer = loadTokenizer(files);
  for (const text of texts) expect(encode(tokenizer, text).length).toBeLessThanOrEqual(SEQUENCE_LENGTH);
});

test('scores.json says that the control knows the toy world', () => {
  const { control } = readJson('scores.json');
  const lambada = control.find(({ task }: { task: string }) => task === 'lambada_openai');
  expect(lambada.score).toBeGreaterThanOrEqual(0.6);
  const above = control.filter(
    ({ score, chance, items }: { score: number; chance?: number; items: number }) => {
      const margin = 2.576 * Math.sqrt((score * (1 - score)) / items); // 99 %
      return chance !== undefined && score - margin > chance;
    },
  );
  expect(above.length + 1).toBeGreaterThanOrEqual(6); // LAMBADA's chance is that of one word among hundreds
});
