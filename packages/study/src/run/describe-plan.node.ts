/** @file What a study comes to, for people: `bitcliff study plan`. */
import { estimatePlan, type PlanEstimate } from '../plan/estimate-plan.node.ts';
import { planStudy } from '../plan/plan-study.node.ts';
import type { CheckpointRecord, VariantRecord } from '../records.ts';
import { type OpenStudyOptions, openContext } from './open-context.node.ts';

/** A plan and what is done of it. */
export interface PlanDescription {
  readonly checkpoints: readonly CheckpointRecord[];
  readonly variants: readonly VariantRecord[];
  readonly tasks: readonly { readonly task: string; readonly version: string; readonly rows: number }[];
  /** By kind: runs of the grid, and those in the store. */
  readonly runs: readonly { readonly kind: string; readonly done: number; readonly total: number }[];
  /** What is left, in order. */
  readonly jobs: readonly { readonly title: string; readonly seconds: number }[];
  readonly peakBytes: PlanEstimate['peakBytes'];
  /** Bytes that a process may take. */
  readonly memoryBudget: number;
}

/** Plan a study without doing anything. @throws what planning throws */
export async function describePlan(options: OpenStudyOptions): Promise<PlanDescription> {
  const context = await openContext(options);
  try {
    const plan = await planStudy(context);
    const kinds = [...new Set(plan.runs.map(({ kind }) => kind))];
    const { seconds, peakBytes } = await estimatePlan(context, plan);
    return {
      checkpoints: plan.checkpoints.map(({ record }) => record),
      variants: plan.variants,
      tasks: plan.tasks.map(({ task: { name, version }, loaded }) => ({
        ...{ task: name, version },
        rows: loaded.rows.length,
      })),
      runs: kinds.map((kind) => {
        const keys = new Set(plan.runs.filter((run) => run.kind === kind).map(({ run }) => run));
        return { kind, done: [...keys].filter(context.store.isDone).length, total: keys.size };
      }),
      jobs: plan.jobs.map(({ title }, j) => ({ title, seconds: seconds[j]! })),
      peakBytes,
      memoryBudget: context.engine.memoryBudget!,
    };
  } finally {
    await context.close();
  }
}
