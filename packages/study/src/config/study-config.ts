/** @file What a user writes to describe a study, and what it is with its defaults. */
import type { SensitivityUnit } from '@bitcliff/analysis';
import type { Profile } from '@bitcliff/evals';
import type { BackendChoice } from '@bitcliff/kernels';
import type { Recipe } from '@bitcliff/quantize';
import type { CheckpointMetadata } from '@bitcliff/runtime';

/** Analyses by name, in the order in which they run. */
export const ANALYSES = [
  'loss',
  'weights',
  'activations',
  'activationError',
  'sensitivity',
  'blockImportance',
  'noise',
  'fits',
] as const;

/** Name of an analysis. */
export type AnalysisName = (typeof ANALYSES)[number];

/** One checkpoint, or several that belong together. Its `metadata` goes over what it says of itself. */
export type StudyCheckpoint =
  /** A folder, a `.gguf` file, or `hf:org/name[@revision]`. */
  | string
  | {
      readonly path: string;
      readonly name?: string | undefined;
      readonly metadata?: CheckpointMetadata | undefined;
    }
  /** Revisions of a repository on the Hub, with the step or the metadata of each. */
  | {
      readonly path: string;
      readonly name?: string | undefined;
      readonly revisions: Readonly<Record<string, number | CheckpointMetadata>>;
    }
  /** All checkpoints below a folder that `bitcliff pretrain` wrote to; of these steps. */
  | { readonly pretraining: string; readonly steps?: readonly number[] | undefined };

/** Tokens that recipes are calibrated on. */
export interface StudyCalibration {
  readonly name: string;
  /** As `bitcliff quantize --calibration` takes it: a file, `task:<name>`, `random-tokens`, `random-punctuation`, `self-generated`. */
  readonly source: string;
  /** Windows. @default 64 */
  readonly samples?: number | undefined;
  /** Tokens of a window. @default 512, or the positions of the model */
  readonly length?: number | null | undefined;
  /** @default 0 */
  readonly seed?: number | undefined;
}

/** Pieces of a text that models are run on. */
export interface StudyText {
  readonly name: string;
  readonly file: string;
  /** How many windows, at random places. @default 20 */
  readonly sequences?: number | undefined;
  /** Tokens of a window, the most of a line; cut to the model's maximum. @default 256 */
  readonly length?: number | undefined;
  /** @default 0 */
  readonly seed?: number | undefined;
  /** Random lines, each a document of its own, in place of windows. @default false */
  readonly lines?: boolean | undefined;
}

/** What a user writes. Relative paths are taken from the folder of the config. */
export interface StudyConfig {
  /** Letters, digits, `_`, `-` and `.`: names the file of the store. */
  readonly name: string;
  /** For the head of the report. */
  readonly title?: string | null | undefined;
  readonly checkpoints: readonly StudyCheckpoint[];
  /** Names, `.json` files, or recipes; the baseline always runs. @default [] */
  readonly recipes?: readonly (string | Recipe)[] | undefined;
  /** Tasks and groups. @default [] */
  readonly tasks?: readonly string[] | undefined;
  /** Where their rows are, as `bitcliff eval --data` takes it. */
  readonly data?: string | null | undefined;
  /** Modules that export tasks made by `defineTask`. @default [] */
  readonly define?: readonly string[] | undefined;
  /** Rows of each task. @default all */
  readonly limit?: number | null | undefined;
  /** With `limit`: rows drawn by this seed. @default the first ones */
  readonly seed?: number | null | undefined;
  /** @default false */
  readonly skipBadRows?: boolean | undefined;
  /** @default 'lmeval' */
  readonly profile?: Profile | undefined;
  /** @default 'tokenizer' */
  readonly bos?: 'tokenizer' | 'always' | 'never' | undefined;
  /** @default 'once' */
  readonly rollingBos?: 'once' | 'lmeval' | undefined;
  /** Longest input in tokens. @default the model's */
  readonly maxLength?: number | null | undefined;
  /** The harness's bootstrap for perplexities. @default a formula */
  readonly bootstrapIterations?: number | null | undefined;
  /** KL divergence from the baseline of every scored token. @default true */
  readonly divergence?: boolean | undefined;
  /** Sets for recipes that need calibration; with several, each makes a variant. @default [] */
  readonly calibration?: readonly StudyCalibration[] | undefined;
  /** `loss` is measured on all of them, the other analyses on the first. @default [] */
  readonly texts?: readonly StudyText[] | undefined;
  /** @default [] */
  readonly analyses?: readonly AnalysisName[] | undefined;
  /** @default every matrix with rtn-w3g64, rtn-w4g64 and rtn-w8g64 */
  readonly sensitivity?:
    | { readonly by?: SensitivityUnit | undefined; readonly recipes: readonly (string | Recipe)[] }
    | undefined;
  readonly engine?:
    | {
        /** GiB that a process may take. @default half of the machine's */
        readonly memory?: number | null | undefined;
        /** @default the physical cores, shared by the workers */
        readonly threads?: number | null | undefined;
        /** Execution providers of ONNX Runtime. @default ['cpu'] */
        readonly providers?: readonly string[] | undefined;
        /** Backend that quantizes weights. @default 'auto' */
        readonly kernels?: BackendChoice | undefined;
      }
    | undefined;
}

type Defined<T> = { readonly [Key in keyof T]-?: Exclude<T[Key], undefined> };

/** A config with its defaults. */
export interface Study
  extends Defined<Omit<StudyConfig, 'calibration' | 'texts' | 'sensitivity' | 'engine'>> {
  readonly calibration: readonly Defined<StudyCalibration>[];
  readonly texts: readonly Defined<StudyText>[];
  readonly sensitivity: Defined<NonNullable<StudyConfig['sensitivity']>>;
  readonly engine: Defined<NonNullable<StudyConfig['engine']>>;
}
