import { type PreparedTask, prepareTask } from '@bitcliff/evals';
import { createEngine, createTokenizer } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import * as ort from 'onnxruntime-node';
import type { Benchmark } from '../benchmark.ts';
import { median, type Ratio, ratiosOf } from '../interleave.ts';
import { paddedChoices, plainRequests, scoreFullLogits } from '../runtime/plain-requests.ts';
import { PYTHIA_160M, writeRandomNeox } from '../runtime/random-neox.ts';
import { eightTasks } from './eight-tasks.ts';
import { publishedTokenizer, sharedData } from './shared-data.ts';

/** Of the 21,771 items of the whole suite. */
const PART = 1 / 160;
const THREADS = 2;

/**
 * Items per second of the eight tasks, each alone and all in one call, against the plain way on the same engine: the logits of every padded choice come out,
 * and log-softmax is taken of them. `reduced` is the same with the log-softmax of every position inside the graph, where no logits come out.
 */
export const eightTasksScored: Benchmark = {
  name: 'eight-tasks',
  title: `rows of the eight tasks, f32, 12 layers × 768, vocabulary 50304, ${THREADS} threads`,
  baseline: 'each choice alone, padded, full logits',
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
    const time = async (work: () => Promise<unknown>): Promise<number> => {
      const start = performance.now();
      await work();
      return performance.now() - start;
    };
    const workOf = (name: string, tasks: readonly PreparedTask[]) => ({
      name,
      items: tasks.reduce((sum, { items }) => sum + items.length, 0),
      padded: tasks.flatMap(({ requests, items }) => paddedChoices(requests, items)),
      plain: tasks.flatMap(({ requests, items }) => plainRequests(requests, items)),
      requests: tasks.flatMap(({ requests }) => requests),
    });
    const works = [...prepared.map((task) => workOf(task.task.name, [task])), workOf('the eight', prepared)];
    const [first] = works as [(typeof works)[0]];
    const [some, alone] = [
      first.requests.slice(0, 2),
      await scoreFullLogits(plainEngine, first.padded.slice(0, 2)),
    ]; // loads the blocks
    for (const used of [plainEngine, engine]) {
      const [result] = await used.score(some);
      for (const [i, { logProb }] of result!.scores.entries())
        if (Math.abs(logProb - alone[i]!) > 1e-3)
          throw new Error(`eight-tasks: ${logProb} and ${alone[i]} differ`);
    }
    const ratios: Ratio[] = [];
    for (const { name, items, padded, plain, requests } of works) {
      const times = { plain: [] as number[], reduced: [] as number[], ours: [] as number[] };
      for (let round = 0; round < rounds; round++) {
        times.plain.push(await time(() => scoreFullLogits(plainEngine, padded)));
        times.reduced.push(await time(() => plainEngine.score(plain)));
        times.ours.push(await time(() => engine.score(requests)));
      }
      const rate = (list: readonly number[]): string => ((1000 * items) / median(list)).toFixed(2);
      console.error(
        `${name}: ${items} items, ${rate(times.plain)} items/s plain, ${rate(times.reduced)} reduced, ${rate(times.ours)} ours`,
      );
      const list = { plain: times.plain, [`${name}, reduced`]: times.reduced, [name]: times.ours };
      ratios.push(...ratiosOf(new Map(Object.entries(list)), 'plain'));
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
