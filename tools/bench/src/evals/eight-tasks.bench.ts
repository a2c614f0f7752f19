import { type PreparedTask, prepareTask } from '@bitcliff/evals';
import { createEngine, createTokenizer, type Engine, type ScoreRequest } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import * as ort from 'onnxruntime-node';
import type { Benchmark } from '../benchmark.ts';
import { median, type Ratio, ratiosOf } from '../interleave.ts';
import { plainRequests } from '../runtime/plain-requests.ts';
import { PYTHIA_160M, writeRandomNeox } from '../runtime/random-neox.ts';
import { eightTasks } from './eight-tasks.ts';
import { publishedTokenizer, sharedData } from './shared-data.ts';

/** Of the 21,771 items of the whole suite. */
const PART = 1 / 160;
const THREADS = 2;

/** Items per second of the eight tasks, each alone and all in one call, against the plain way on the same engine. */
export const eightTasksScored: Benchmark = {
  name: 'eight-tasks',
  title: `rows of the eight tasks, f32, 12 layers × 768, vocabulary 50304, ${THREADS} threads`,
  baseline: 'each choice alone, padded, logits at every position',
  targets: { hellaswag: 3, 'the eight': 2 },
  async run(folder, { rounds = 3 }) {
    const data = sharedData('eight-tasks');
    if (data === undefined) return { ratios: [], consumed: 0 };
    await writeRandomNeox(folder, PYTHIA_160M);
    const checkpoint = await openCheckpoint(folder);
    const { tokenizer: json, config } = await publishedTokenizer(data, 'gpt-neox/20B_tokenizer.json.gz');
    const tokenizer = createTokenizer(json, config, 'gpt-neox');
    const samples = await eightTasks(data, PART);
    const begin = performance.now();
    const prepared = samples.map(
      ({ task, rows }): PreparedTask =>
        prepareTask(task, rows, tokenizer, { maxLength: 2048, prefixTokenId: 0 }),
    );
    const preparation = performance.now() - begin;

    const plainEngine = await createEngine(checkpoint, {
      ort,
      threads: THREADS,
      rowLength: 1,
      sharePrefixes: false,
    });
    const engine = await createEngine(checkpoint, { ort, threads: THREADS });
    const time = async (used: Engine, requests: readonly ScoreRequest[]): Promise<number> => {
      const start = performance.now();
      await used.score(requests);
      return performance.now() - start;
    };
    const works = [
      ...prepared.map(({ task, requests, items }) => ({
        name: task.name,
        items: items.length,
        plain: plainRequests(requests, items),
        requests,
      })),
      {
        name: 'the eight',
        items: prepared.reduce((sum, { items }) => sum + items.length, 0),
        plain: prepared.flatMap(({ requests, items }) => plainRequests(requests, items)),
        requests: prepared.flatMap(({ requests }) => requests),
      },
    ];
    for (const used of [plainEngine, engine]) await time(used, works[0]!.requests.slice(0, 2)); // loads the blocks
    const ratios: Ratio[] = [];
    for (const { name, items, plain, requests } of works) {
      const times = { plain: [] as number[], ours: [] as number[] };
      for (let round = 0; round < rounds; round++) {
        times.plain.push(await time(plainEngine, plain));
        times.ours.push(await time(engine, requests));
      }
      const rate = (list: readonly number[]): string => ((1000 * items) / median(list)).toFixed(2);
      console.error(`${name}: ${items} items, ${rate(times.plain)} items/s plain, ${rate(times.ours)} ours`);
      const [ratio] = ratiosOf(new Map(Object.entries({ plain: times.plain, [name]: times.ours })), 'plain');
      ratios.push(ratio!);
    }
    const share = (100 * preparation) / (preparation + ratios.at(-1)!.milliseconds);
    console.error(
      `preparation: ${(preparation / 1000).toFixed(2)} s, ${share.toFixed(2)} % of the evaluation`,
    );
    for (const used of [plainEngine, engine]) await used.dispose();
    await checkpoint.close();
    return { ratios, consumed: 0 };
  },
};
