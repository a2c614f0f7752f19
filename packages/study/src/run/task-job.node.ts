/** @file One task on the variants of a checkpoint in lockstep, stored piece by piece. */
import type { LongTaskOptions } from '@bitcliff/core';
import {
  type PreparedItem,
  type PreparedTask,
  prepareTask,
  type Sample,
  scoreItems,
  summarizeSamples,
} from '@bitcliff/evals';
import type { Engine } from '@bitcliff/runtime';
import type { PlannedJob, PlannedRun, TaskData } from '../plan/planned.node.ts';
import type { StudyContext } from '../plan/study-context.ts';
import { prepareSettings } from '../plan/task-settings.ts';
import { withoutPlace } from '../store/study-records.node.ts';
import { type ItemDivergence, itemDivergence, taskDivergence } from './item-divergence.ts';
import type { JobCheckpoint } from './job-checkpoint.node.ts';

/** What is stored of an item. */
type StoredSample = Sample & { readonly divergence: ItemDivergence | null };

/** Items of the first piece. */
const FIRST_PIECE = 32;
/** Seconds of work that a killed process may lose. */
const PIECE_SECONDS = 15;

/** Score what is missing, and finish the runs. */
export async function runTaskJob(
  context: StudyContext,
  { runs, title }: PlannedJob,
  { task, loaded }: TaskData,
  job: JobCheckpoint,
  options: LongTaskOptions,
): Promise<void> {
  const { store } = context;
  const { bootstrapIterations, divergence } = context.study;
  const tokenizer = await job.checkpoint.tokenizer();
  const prepared = prepareTask(task, loaded.rows, tokenizer, prepareSettings(context.study, job.checkpoint));
  const total = prepared.items.length;
  const present = runs.map(({ run }) => store.items(run));
  const isMissing = (item: number): boolean => present.some((items) => !items.has(item));
  let size = FIRST_PIECE;
  for (let start = 0; start < total; ) {
    while (start < total && !isMissing(start)) start++;
    const end = Math.min(total, start + size);
    if (start === end) break;
    const begin = performance.now();
    options.onProgress?.({ phase: title, done: start, total, unit: 'items' });
    const engine = await job.engine(runs, { baseline: divergence });
    await scorePiece(context, engine, runs, prepared, { start, end, divergence, signal: options.signal });
    const seconds = (performance.now() - begin) / 1000;
    size = Math.max(FIRST_PIECE, Math.min(8 * size, Math.floor(((end - start) * PIECE_SECONDS) / seconds)));
    start = end;
  }
  options.onProgress?.({ phase: title, done: total, total, unit: 'items' });
  const stderr = { bootstrapIterations: bootstrapIterations ?? undefined };
  store.finish(
    runs.map((run) => {
      const samples = store.samples(run.run) as StoredSample[];
      const { samples: _, ...result } = summarizeSamples(prepared, samples, stderr);
      const items = samples.map((sample) => sample.divergence);
      const record = {
        ...result,
        divergence: items.includes(null) ? null : taskDivergence(items as ItemDivergence[]),
      };
      return {
        ...progressOf(context, run, 0),
        records: [{ kind: 'task', data: withoutPlace('task', record) }],
      };
    }),
  );
}

async function scorePiece(
  context: StudyContext,
  engine: Engine,
  runs: readonly PlannedRun[],
  prepared: PreparedTask,
  piece: { start: number; end: number; divergence: boolean; signal: AbortSignal | undefined },
): Promise<void> {
  const { start, end, signal } = piece;
  const begin = performance.now();
  const items = prepared.items.slice(start, end);
  const [first, last] = [items[0]!.start, items.at(-1)!.end];
  const compares = piece.divergence && engine.variants.length > 1;
  const scored = await engine.score(prepared.requests.slice(first, last), { signal, divergence: compares });
  const seconds = (performance.now() - begin) / 1000 / runs.length;
  context.store.addSamples(
    runs.map((run) => {
      const { scores } = scored[engine.variants.indexOf(run.variant)]!;
      const samples = scoreItems(prepared, scores, { start, end });
      const of = (item: PreparedItem): ItemDivergence | null =>
        compares && run.recipe !== null
          ? itemDivergence(scores.slice(item.start - first, item.end - first))
          : null;
      return {
        ...progressOf(context, run, seconds),
        samples: samples.map((sample, i) => ({ ...sample, divergence: of(items[i]!) })),
      };
    }),
  );
}

/** What a step of work is stored with. */
export function progressOf(
  { environment }: StudyContext,
  { run, kind }: PlannedRun,
  seconds: number,
): {
  readonly run: string;
  readonly kind: string;
  readonly environment: StudyContext['environment'];
  readonly seconds: number;
} {
  return { run, kind, environment, seconds };
}
