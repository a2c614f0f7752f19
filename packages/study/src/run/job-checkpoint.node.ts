/** @file The checkpoint that a process has open: jobs of one checkpoint follow each other. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Checkpoint, createEngine, type Engine, type QuantizedBlocks } from '@bitcliff/runtime';
import { openQuantizedFolder } from '@bitcliff/runtime/node';
import { contentKey } from '../content-key.node.ts';
import { openPlanned } from '../plan/plan-study.node.ts';
import type { PlannedCheckpoint, PlannedRun } from '../plan/planned.node.ts';
import type { StudyContext } from '../plan/study-context.ts';
import { recipeIdentity, type Variant } from '../plan/variants.ts';

/** An open checkpoint of the plan. */
export interface JobCheckpoint {
  readonly planned: PlannedCheckpoint;
  readonly checkpoint: Checkpoint;
  /** Where the blocks of a calibrated variant are, or will be. */
  blocks(variant: Pick<Variant, 'recipe' | 'calibration'>): QuantizedBlocks;
  /** Blocks of the runs' calibrated variants, by name. */
  quantized(runs: readonly PlannedRun[]): Map<string, QuantizedBlocks>;
  /** The variants of the runs in lockstep, and the baseline if it is wanted or one of them; kept until other ones are asked for. */
  engine(runs: readonly PlannedRun[], wanted: { readonly baseline: boolean }): Promise<Engine>;
  close(): Promise<void>;
}

/** Folder of calibrated blocks beside the store. */
export function workFolder(store: string, planned?: PlannedCheckpoint): string {
  const folder = `${store}.work`;
  return planned === undefined ? folder : join(folder, planned.fingerprint.slice(0, 16));
}

/** Open a checkpoint for jobs. */
export async function openJobCheckpoint(
  context: StudyContext,
  planned: PlannedCheckpoint,
): Promise<JobCheckpoint> {
  const checkpoint = await openPlanned(context, planned);
  let open: { readonly names: string; readonly engine: Engine } | null = null;
  const closeEngine = async (): Promise<void> => {
    await open?.engine.dispose();
    open = null;
  };
  const blocks: JobCheckpoint['blocks'] = ({ recipe, calibration }) => {
    const set = context.study.calibration.find(({ name }) => name === calibration);
    const identity = contentKey({ recipe: recipeIdentity(recipe!), set }).slice(0, 16);
    const folder = join(workFolder(context.store.db.path, planned), identity);
    return openQuantizedFolder(folder, checkpoint, recipe!);
  };
  const quantized: JobCheckpoint['quantized'] = (runs) =>
    new Map(runs.flatMap((run) => (run.calibration === null ? [] : [[run.variant, blocks(run)]])));
  return {
    planned,
    checkpoint,
    blocks,
    quantized,
    async engine(runs, wanted) {
      const recipes = runs.flatMap(({ recipe }) => recipe ?? []);
      const baseline = wanted.baseline || recipes.length < runs.length;
      const names = [baseline, ...recipes.map(({ name }) => name)].join('\n');
      if (open?.names === names) return open.engine;
      await closeEngine();
      const engine = await createEngine(checkpoint, {
        ...context.engine,
        recipes,
        baseline,
        quantized: quantized(runs),
      });
      open = { names, engine };
      return engine;
    },
    async close() {
      await closeEngine();
      await checkpoint.close();
    },
  };
}

/** Remove the calibrated blocks of a checkpoint, or of all. */
export async function removeWork(store: string, planned?: PlannedCheckpoint): Promise<void> {
  await rm(workFolder(store, planned), { recursive: true, force: true });
}
