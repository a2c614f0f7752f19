/** @file The engine on onnxruntime-web (WebAssembly) in headless Chromium, against golden values and onnxruntime-node. */
import { findChromium, runInBrowser } from '@bitcliff-tools/test/browser';
import * as ort from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { openCheckpoint } from '../src/node.ts';
import { BROWSER_MODELS, int8Extremes, runModel } from './browser-cases.ts';
import type { PageResult } from './browser-page.ts';
import { goldenFolder, maxDifference, readGolden, readGoldenArray } from './helpers/golden.ts';
import { INT8_BOUND } from './helpers/run-linear.ts';

const chromium = findChromium();
const TIMEOUT = 400_000;
const SCORE_BOUND = 1e-5;

describe.skipIf(chromium === undefined)('onnxruntime-web in Chromium (skipped: no Chromium)', () => {
  let page: PageResult;
  beforeAll(async () => {
    const entry = new URL('./browser-page.ts', import.meta.url);
    const folders = {
      golden: new URL('./golden/', import.meta.url),
      ort: new URL('./', import.meta.resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm')),
    };
    const result = await runInBrowser(entry, { chromium: chromium!, timeout: TIMEOUT, folders });
    expect((result as { error?: string }).error).toBeUndefined();
    page = result as PageResult;
  }, TIMEOUT);

  it.each(BROWSER_MODELS)('%s: golden logits; recipes, taps and generation as in Node', async (model) => {
    const { sequences } = readGolden(model);
    const ids = sequences.map(({ input_ids }) => input_ids);
    const run = page.runs[model]!;
    for (const [i, { id }] of sequences.entries()) {
      const worst = maxDifference(run.logits[i]![0]!, readGoldenArray(model, `${id}_logits`));
      expect(worst, `max |diff| of logits ${worst}`).toBeLessThan(1e-4);
    }
    const checkpoint = await openCheckpoint(goldenFolder(model));
    const expected = await runModel(ort, checkpoint, ids, { threads: 1 });
    await checkpoint.close();
    for (const [v, scores] of run.scores.entries()) {
      const worst = maxDifference(scores, expected.scores[v]!);
      expect(worst, `max |diff| of scores of variant ${v}: ${worst}`).toBeLessThan(SCORE_BOUND);
    }
    const taps = maxDifference(run.taps.flat(), expected.taps.flat());
    expect(taps, `max |diff| of taps ${taps}`).toBeLessThan(1e-4);
    expect(run.generated).toEqual(expected.generated);
    expect(run.generated[0]).toEqual(sequences[0]!.greedy_new_tokens);
  });

  it('runs in two threads', () => {
    expect(page.threads).toBe(2);
  });

  it('the int8 product is exact at the extremes, as in Node', async () => {
    const node = await int8Extremes(ort, { threads: 1 });
    for (const [name, worst] of [...Object.entries(page.int8), ...Object.entries(node)])
      expect(worst, `max relative |diff| ${worst}: ${name}`).toBeLessThanOrEqual(INT8_BOUND);
    expect(Object.keys(page.int8)).toEqual(Object.keys(node));
  });
});
