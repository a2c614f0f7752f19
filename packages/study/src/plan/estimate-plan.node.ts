/** @file What the work of a plan costs before it is done: counted operations over what this machine does in a second, which a short probe measures. */
import { prepareTask } from '@bitcliff/evals';
import {
  type Checkpoint,
  estimateSeconds,
  type MachineRates,
  neededMemory,
  probeMachine,
  quantizeModelWork,
} from '@bitcliff/runtime';
import { openPlanned } from './plan-study.node.ts';
import type { PlannedCheckpoint, PlannedJob, StudyPlan, TaskData } from './planned.node.ts';
import type { StudyContext } from './study-context.ts';
import { prepareSettings } from './task-settings.ts';

/** What is left to do. */
export interface PlanEstimate {
  /** Of each job, in order. */
  readonly seconds: readonly number[];
  /** Bytes of a process at its peak, hidden states not counted. */
  readonly peakBytes: number;
}

/** Rows of a task that are tokenized, so that the length of all is known. */
const SAMPLE_ROWS = 32;
/** Tokens of a row, as the engine's default. */
const ROW_LENGTH = 512;

/** Estimate the jobs of a plan. @param rates @default measured, in about a second */
export async function estimatePlan(
  context: StudyContext,
  plan: StudyPlan,
  rates?: MachineRates,
): Promise<PlanEstimate> {
  const machine = rates ?? (await probeMachine(context.engine.ort, context.engine));
  const seconds = new Map<PlannedJob, number>();
  let peakBytes = 0;
  for (const planned of plan.checkpoints) {
    const jobs = plan.jobs.filter(({ checkpoint }) => checkpoint === planned.name);
    if (jobs.length === 0) continue;
    const checkpoint = await openPlanned(context, planned);
    try {
      for (const job of jobs) {
        const cost = await estimateJob(context, job, planned, checkpoint, machine);
        seconds.set(job, cost.seconds);
        peakBytes = Math.max(peakBytes, cost.bytes);
      }
    } finally {
      await checkpoint.close();
    }
  }
  return { seconds: plan.jobs.map((job) => seconds.get(job) ?? 0), peakBytes };
}

async function estimateJob(
  context: StudyContext,
  job: PlannedJob,
  { record }: PlannedCheckpoint,
  checkpoint: Checkpoint,
  machine: MachineRates,
): Promise<{ seconds: number; bytes: number }> {
  const { spec } = checkpoint;
  const rowLength = Math.min(ROW_LENGTH, spec.maxPositions);
  if (job.kind === 'comparison') return { seconds: 0, bytes: 0 };
  if (job.kind === 'quantize') {
    const { recipe, calibration } = job.variant!;
    const set = context.study.calibration.find(({ name }) => name === calibration)!;
    const calibrated = { sequences: set.samples, length: set.length ?? rowLength };
    const work = quantizeModelWork(checkpoint, recipe!, calibrated);
    return { seconds: estimateSeconds(work, machine), bytes: work.peakBytes };
  }
  const perToken = 2 * record.nonEmbeddingParameters + 2 * spec.hiddenSize * spec.vocabularySize;
  const tokens =
    job.task === null ? textTokens(context, job) : await taskTokens(context, job.task, checkpoint);
  const needs = neededMemory(checkpoint, { variants: job.runs.length + 1, rowLength });
  return {
    seconds: (tokens * perToken * passes(context, job, spec.layers)) / machine.modelOperations,
    bytes: needs.total,
  };
}

/** How often the model, or as much work, is run on the tokens. */
function passes({ study }: StudyContext, { kind, runs }: PlannedJob, layers: number): number {
  const parts = { role: 4, layer: layers, matrix: 4 * layers }[study.sensitivity.by];
  switch (kind) {
    case 'weights':
      return 0;
    case 'activationError':
      return 6 * runs.length; // the variant, and four roles alone, beside the baseline
    case 'sensitivity':
      return (1 + parts) * runs.length;
    case 'blockImportance':
      return 1 + layers;
    case 'noise':
      return 4 * runs.length;
    default:
      return runs.length;
  }
}

async function taskTokens(
  { study }: StudyContext,
  { task, loaded }: TaskData,
  checkpoint: Checkpoint,
): Promise<number> {
  const rows = loaded.rows.slice(0, SAMPLE_ROWS);
  const settings = prepareSettings(study, checkpoint);
  const { requests } = prepareTask(task, rows, await checkpoint.tokenizer(), settings);
  // choices of an item share their context
  const contexts = new Set(requests.map(({ context: ids }) => ids.join()));
  let tokens = 0;
  for (const key of contexts) tokens += key.split(',').length;
  for (const { continuation } of requests) tokens += continuation.length;
  return (tokens * loaded.rows.length) / rows.length;
}

function textTokens({ study }: StudyContext, { text }: PlannedJob): number {
  const { sequences, length } = study.texts.find(({ name }) => name === text) ?? { sequences: 0, length: 0 };
  return sequences * length;
}
