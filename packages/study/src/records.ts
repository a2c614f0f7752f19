/**
 * @file What a study stores and a report reads. Every record is plain JSON and names its checkpoint, and its variant where it has one: `baseline`, or the
 * name of a {@link VariantRecord}.
 */
import type {
  ActivationErrorRecord,
  ActivationRecord,
  BlockImportanceRecord,
  CheckpointLabel,
  GainRecord,
  LawFit,
  NoiseRecord,
  OutlierRecord,
  QidRecord,
  SensitivityRecord,
  ThresholdSearch,
  WeightRecord,
} from '@bitcliff/analysis';
import type { ResultComparison, TaskResult } from '@bitcliff/evals';
import type { Recipe } from '@bitcliff/quantize';
import type { CheckpointMetadata } from '@bitcliff/runtime';

/** One checkpoint of the grid. */
export interface CheckpointRecord {
  /** Its name in the study; unique. */
  readonly checkpoint: string;
  /** As the study names it: a path, or `hf:org/name@revision`. */
  readonly path: string;
  /** Hex SHA-256 over its files. */
  readonly fingerprint: string;
  readonly architecture: string;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly vocabularySize: number;
  /** All of them, and without embeddings, positions and head. */
  readonly parameters: number;
  readonly nonEmbeddingParameters: number;
  /** What the checkpoint says of itself, with what the study adds. */
  readonly metadata: CheckpointMetadata;
}

/** One variant of a checkpoint: a recipe, and the set that it was calibrated on. */
export interface VariantRecord {
  readonly checkpoint: string;
  /** `baseline`; the name of the recipe; with several calibration sets `<recipe> @<set>`. The same on every checkpoint. */
  readonly variant: string;
  /** `null` for the baseline. */
  readonly recipe: Recipe | null;
  /** Name of the calibration set; `null` where none is needed. */
  readonly calibration: string | null;
  /** Bits a weight of the linear layers as stored, scales included; `null` for the baseline. */
  readonly averageBits: number | null;
}

/** Scores of a variant on a task; its items are apart. */
export interface TaskRecord extends Omit<TaskResult, 'samples'> {
  readonly checkpoint: string;
  readonly variant: string;
  /** Distance from the baseline; `null` for the baseline, and where it was not asked for. */
  readonly divergence: TaskDivergence | null;
}

/** Distance of the next-token distributions from the baseline's over all scored tokens of a task; standard errors keep the tokens of an item together. */
export interface TaskDivergence {
  /** Scored tokens. */
  readonly tokens: number;
  /** Mean KL(baseline ‖ variant), nats. */
  readonly kl: { readonly value: number; readonly stderr: number | null };
  /** Share of tokens where both find the same one the most probable. */
  readonly sameTop: { readonly value: number; readonly stderr: number | null };
}

/** A variant against the baseline of its checkpoint, over all tasks. */
export interface ComparisonRecord extends ResultComparison {
  readonly checkpoint: string;
  readonly variant: string;
}

/** How well a variant predicts a text. */
export interface LossRecord extends QidRecord {
  /** Name of the text in the study. */
  readonly text: string;
}

/** A scaling law fitted to all losses of the study on one text. */
export interface FitRecord extends LawFit {
  readonly text: string;
  /** What `residuals` refer to, by index. */
  readonly points: readonly {
    readonly checkpoint: string;
    readonly variant: string;
    readonly parameters: number;
    readonly tokens: number;
    readonly bits: number;
    readonly deltaLoss: number;
    readonly learningRate: number | null;
  }[];
}

/** The lowest threshold at which the baseline has exactly one outlier dimension (arXiv 2305.19268, B.3). */
export interface OutlierThresholdRecord extends CheckpointLabel, ThresholdSearch {}

/** The kinds of records. */
export interface RecordTypes {
  readonly checkpoint: CheckpointRecord;
  readonly variant: VariantRecord;
  readonly task: TaskRecord;
  readonly comparison: ComparisonRecord;
  readonly loss: LossRecord;
  readonly weight: WeightRecord;
  readonly gain: GainRecord;
  readonly activation: ActivationRecord;
  readonly outlier: OutlierRecord;
  readonly outlierThreshold: OutlierThresholdRecord;
  readonly activationError: ActivationErrorRecord;
  readonly sensitivity: SensitivityRecord;
  readonly blockImportance: BlockImportanceRecord;
  readonly noise: NoiseRecord;
  readonly fit: FitRecord;
}

/** Name of a kind of records. */
export type RecordKind = keyof RecordTypes;

/** All of them. */
export const RECORD_KINDS: readonly RecordKind[] = [
  'checkpoint',
  'variant',
  'task',
  'comparison',
  'loss',
  'weight',
  'gain',
  'activation',
  'outlier',
  'outlierThreshold',
  'activationError',
  'sensitivity',
  'blockImportance',
  'noise',
  'fit',
];

/** A record with the key of the run that made it; `null` for what the plan itself says (`checkpoint`, `variant`). */
export type Stored<T> = T & { readonly run: string | null };

/** How one run was made: enough to repeat it. */
export interface Manifest {
  /** Content key, hex SHA-256: equal keys, equal results. */
  readonly run: string;
  /** `task`, `comparison` or the name of an analysis. */
  readonly kind: string;
  readonly checkpoint: string;
  readonly variant: string;
  /** What the key is made of: fingerprints, recipe, calibration, versions, settings. */
  readonly subject: Readonly<Record<string, unknown>>;
  /** What the result does not depend on, or should not: versions, threads, backend, machine. */
  readonly environment: Readonly<Record<string, unknown>>;
  /** ISO 8601, UTC. */
  readonly started: string;
  readonly finished: string;
  /** Work on this run; in lockstep, its share of the time. */
  readonly seconds: number;
}

/** A unit of work that did not succeed. */
export interface StudyFailure {
  /** Such as `hellaswag of control`. */
  readonly job: string;
  readonly error: string;
}

/** What a report is made from: the records of a study's present grid. */
export interface StudyRecords {
  readonly name: string;
  /** Sentence for the head of the report; `null` without one. */
  readonly title: string | null;
  /** The config as it was run, defaults filled in. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Runs of the grid, and how many are done. */
  readonly progress: { readonly done: number; readonly total: number };
  readonly failures: readonly StudyFailure[];
  /** Records of one kind: checkpoints in the order of the study, then variants, then as they were made. */
  records<Kind extends RecordKind>(kind: Kind): Stored<RecordTypes[Kind]>[];
  /** @throws {NotFoundError} for a key that is not in the study */
  manifest(run: string): Manifest;
}
