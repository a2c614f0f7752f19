/**
 * @file Beside llama.cpp, on the same weights. Needs LLAMA_CPP_BIN, a folder with llama-bench and llama-perplexity, and BITCLIFF_SHARED for real
 * HellaSwag rows and a tokenizer. Loading is left out on both sides.
 */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { resolveRecipes } from '@bitcliff/quantize';
import { createEngine, createTokenizer, type Engine, type ScoreRequest } from '@bitcliff/runtime';
import { openCheckpoint, writeGgufCheckpoint } from '@bitcliff/runtime/node';
import * as ort from 'onnxruntime-node';
import type { Benchmark } from '../benchmark.ts';
import { type Interleaved, ratiosOf } from '../interleave.ts';
import { PYTHIA_160M, writeRandomNeox } from './random-neox.ts';

const ITEMS = 60;
const PROMPT = 512;
const THREADS = 2;

const run = promisify(execFile);

/** Milliseconds that `llama-bench` needs for a prompt. */
async function promptTime(bin: string, model: string): Promise<number> {
  const args = ['-m', model, '-p', String(PROMPT), '-n', '0', '-t', String(THREADS), '-r', '2', '-o', 'json'];
  const { stdout } = await run(join(bin, 'llama-bench'), args);
  const [result] = JSON.parse(stdout) as { avg_ns: number }[];
  return result!.avg_ns / 1e6;
}

/** Milliseconds from `llama-perplexity --hellaswag` beginning to calculate, by its own clock, to its end. */
async function hellaswagTime(bin: string, model: string, file: string): Promise<number> {
  const tasks = ['--hellaswag', '--hellaswag-tasks', String(ITEMS)];
  const args = ['-m', model, '-f', file, ...tasks, '-t', String(THREADS)];
  const start = performance.now();
  const { stdout, stderr } = await run(join(bin, 'llama-perplexity'), args, { maxBuffer: 2 ** 28 });
  const whole = performance.now() - start;
  const stamp = /^(\d+)\.(\d+)\.(\d+)\.\d+ .*hellaswag_score : calculating/m.exec(`${stderr}\n${stdout}`);
  if (stamp === null) throw new Error('llama-perplexity did not say when it began to calculate');
  const [, minutes, seconds, milliseconds] = stamp.map(Number) as [number, number, number, number];
  return whole - (60_000 * minutes + 1000 * seconds + milliseconds);
}

/** HellaSwag rows of six lines: context, label, four endings. */
async function hellaswagRows(shared: string): Promise<string[][]> {
  const file = await readFile(join(shared, 'data/hellaswag/hellaswag_val_full.txt.gz'));
  const lines = gunzipSync(file).toString('utf8').split('\n');
  return Array.from({ length: ITEMS }, (_, i) => lines.slice(6 * i, 6 * i + 6));
}

export const llamaCpp: Benchmark = {
  name: 'llama-cpp',
  title: `${ITEMS} HellaSwag items, and prompts of ${PROMPT} tokens, 12 layers × 768, ${THREADS} threads`,
  baseline: 'llama.cpp on the same weights (F32 for f32, Q8_0 for w8a8)',
  targets: { 'hellaswag f32': 1.8, 'hellaswag w8a8': 1.8 },
  async run(folder, { rounds = 3 }): Promise<Interleaved> {
    const { LLAMA_CPP_BIN: bin, BITCLIFF_SHARED: shared } = process.env;
    if (bin === undefined || shared === undefined) {
      console.error('llama-cpp: left out, it needs LLAMA_CPP_BIN and BITCLIFF_SHARED');
      return { ratios: [], consumed: 0 };
    }
    await writeRandomNeox(folder, PYTHIA_160M);
    const checkpoint = await openCheckpoint(folder);
    const json = gunzipSync(await readFile(join(shared, 'data/tokenizers/gpt-neox/20B_tokenizer.json.gz')));
    const tokenizer = createTokenizer(JSON.parse(json.toString('utf8')), {}, 'gpt-neox');
    const files = { F32: join(folder, 'f32.gguf'), Q8_0: join(folder, 'q8_0.gguf') };
    for (const type of ['F32', 'Q8_0'] as const)
      await writeGgufCheckpoint(checkpoint, files[type], { type, tokenizer });
    const rows = await hellaswagRows(shared);
    const text = join(folder, 'hellaswag.txt');
    await writeFile(text, `${rows.map((row) => row.join('\n')).join('\n')}\n`);
    const requests = rows.flatMap(([context, , ...endings]): ScoreRequest[] => {
      const ids = tokenizer.encode(context!);
      return endings.map((ending) => ({
        context: ids,
        continuation: tokenizer.encode(`${context} ${ending}`).slice(ids.length),
      }));
    });
    const prompt = requests.flatMap(({ continuation }) => continuation).slice(0, PROMPT);

    const options = { ort, threads: THREADS };
    const engines = {
      f32: await createEngine(checkpoint, options),
      w8a8: await createEngine(checkpoint, {
        ...options,
        baseline: false,
        recipes: resolveRecipes(['w8a8']),
      }),
    };
    const score = async (engine: Engine, asked: readonly ScoreRequest[]): Promise<number> => {
      const start = performance.now();
      await engine.score(asked);
      return performance.now() - start;
    };
    const whole = [{ context: prompt, continuation: [1] }];
    for (const engine of Object.values(engines)) await score(engine, whole); // loads the blocks
    const ratios: Interleaved['ratios'][number][] = [];
    for (const [recipe, type] of [
      ['f32', 'F32'],
      ['w8a8', 'Q8_0'],
    ] as const) {
      const names = [`hellaswag ${recipe}`, `prompt ${recipe}`];
      const ours = new Map(names.map((name) => [name, [] as number[]]));
      const theirs = new Map(names.map((name) => [name, [] as number[]]));
      for (let round = 0; round < rounds; round++) {
        theirs.get(names[0]!)!.push(await hellaswagTime(bin, files[type], text));
        ours.get(names[0]!)!.push(await score(engines[recipe], requests));
        theirs.get(names[1]!)!.push(await promptTime(bin, files[type]));
        ours.get(names[1]!)!.push(await score(engines[recipe], whole));
      }
      for (const name of names) {
        const times = new Map([
          ['llama.cpp', theirs.get(name)!],
          [name, ours.get(name)!],
        ]);
        const [ratio] = ratiosOf(times, 'llama.cpp');
        const ms = (list: number[]): string => list.map((time) => time.toFixed(0)).join(', ');
        console.error(`${name}: llama.cpp ${ms(theirs.get(name)!)} ms, bitcliff ${ms(ours.get(name)!)} ms`);
        ratios.push(ratio!);
      }
    }
    for (const engine of Object.values(engines)) await engine.dispose();
    await checkpoint.close();
    return { ratios, consumed: 0 };
  },
};
