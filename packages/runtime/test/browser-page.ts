/** @file Runs the golden models on onnxruntime-web (WebAssembly) in a page, and posts what comes out. */
import { blobSource, openSafetensors } from '@bitcliff/formats';
import * as ort from 'onnxruntime-web/wasm';
import { createCheckpoint } from '../src/index.ts';
import { BROWSER_MODELS, int8Extremes, type ModelRun, runModel } from './browser-cases.ts';
import type { Golden } from './helpers/golden.ts';

/** What the page posts. */
export interface PageResult {
  readonly runs: Readonly<Record<string, ModelRun>>;
  readonly int8: Readonly<Record<string, number>>;
  readonly threads: number;
}

async function get(path: string): Promise<Response> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}

async function runGolden(model: string): Promise<ModelRun> {
  const path = `/golden/${model}`;
  const config = (await (await get(`${path}/config.json`)).json()) as object;
  const file = await (await get(`${path}/model.safetensors`)).blob();
  const tensors = await openSafetensors(blobSource(file, `${path}/model.safetensors`));
  const checkpoint = createCheckpoint({ path, config, tensors });
  const golden = (await (await get(`${path}/golden/golden.json`)).json()) as Golden;
  const sequences = golden.sequences.map(({ input_ids }) => input_ids);
  const run = await runModel(ort, checkpoint, sequences, { executionProviders: ['wasm'] });
  await checkpoint.close();
  return run;
}

async function runAll(): Promise<PageResult> {
  ort.env.wasm.wasmPaths = '/ort/';
  ort.env.wasm.numThreads = 2;
  const runs: Record<string, ModelRun> = {};
  for (const model of BROWSER_MODELS) runs[model] = await runGolden(model);
  // ONNX Runtime takes 1 thread where the page may not have more
  return { runs, int8: await int8Extremes(ort, {}), threads: ort.env.wasm.numThreads };
}

const post = (body: unknown) => fetch('/result', { method: 'POST', body: JSON.stringify(body) });
runAll().then(post, (error: Error) => post({ error: error.stack ?? error.message }));
