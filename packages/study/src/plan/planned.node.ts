/** @file What a plan is made of. */
import type { Task } from '@bitcliff/evals';
import type { LoadedRows } from '@bitcliff/evals/node';
import type { Recipe } from '@bitcliff/quantize';
import type { AnalysisName } from '../config/study-config.ts';
import { contentKey } from '../content-key.node.ts';
import type { CheckpointRecord, VariantRecord } from '../records.ts';
import type { Job } from '../store/job-list.node.ts';
import type { GridRun } from '../store/study-records.node.ts';
import type { NamedCheckpoint } from './expand-checkpoints.node.ts';
import type { Variant } from './variants.ts';

/** A task with its rows. */
export interface TaskData {
  readonly task: Task;
  readonly loaded: LoadedRows;
}

/** A run of the grid that a job makes. */
export interface PlannedRun extends GridRun {
  /** `null` for the baseline, and for runs without a variant. */
  readonly recipe: Recipe | null;
  readonly calibration: string | null;
}

/** A job with what it makes, and from what; what it does not need is `null`. */
export interface PlannedJob extends Job {
  readonly kind: 'quantize' | 'task' | 'comparison' | AnalysisName;
  /** Missing ones. */
  readonly runs: readonly PlannedRun[];
  readonly task: TaskData | null;
  /** Name of a text. */
  readonly text: string | null;
  /** What is quantized. */
  readonly variant: Variant | null;
}

/** A checkpoint of the grid. */
export interface PlannedCheckpoint extends NamedCheckpoint {
  readonly fingerprint: string;
  readonly record: CheckpointRecord;
  readonly variants: readonly Variant[];
}

/** What a study comes to. */
export interface StudyPlan {
  readonly checkpoints: readonly PlannedCheckpoint[];
  readonly variants: readonly VariantRecord[];
  readonly tasks: readonly TaskData[];
  /** All of them, in order. */
  readonly runs: readonly PlannedRun[];
  /** What is missing. */
  readonly jobs: readonly PlannedJob[];
}

/** Version of what runs store; a change that moves results raises it. */
const RESULT_VERSION = 1;

/**
 * A run of the grid, with its key.
 * @param parts.subject what makes the result  @param parts.shown goes into the manifest beside it, not into the key
 */
export function plannedRun(parts: {
  readonly kind: string;
  readonly checkpoint?: string;
  readonly variant?: Pick<Variant, 'variant' | 'recipe' | 'calibration'>;
  readonly subject: object;
  readonly shown?: object;
}): PlannedRun {
  const { kind, checkpoint = '', subject, shown } = parts;
  const { variant = '', recipe = null, calibration = null } = parts.variant ?? {};
  const own = { resultVersion: RESULT_VERSION, ...subject };
  return {
    run: contentKey({ kind, ...own }),
    kind,
    checkpoint,
    variant,
    subject: { ...own, ...shown },
    recipe,
    calibration,
  };
}
