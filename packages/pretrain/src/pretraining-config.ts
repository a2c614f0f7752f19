import type { Gpt2Config, LlamaConfig } from './model-config.ts';
import type { Precision } from './precision.ts';

/** Everything that decides the numbers of a training, beside model and text. */
export interface TrainingOptions {
  readonly steps: number;
  /** Windows of a step. */
  readonly batchSize: number;
  /** The highest, reached at the end of the warm-up. */
  readonly learningRate: number;
  /** Steps of the linear warm-up. @default 1500 */
  readonly warmupSteps: number;
  /** The cosine ends at this part of the learning rate. @default 0.1 */
  readonly finalFraction: number;
  /** Decoupled, on all matrices; not on norm gains and biases. @default 0.1 */
  readonly weightDecay: number;
  /** Largest global norm of the gradient; null does not clip. @default 1 */
  readonly clipNorm: number | null;
  /** Rate of the dropout on the attention and MLP outputs before the residual connection. @default 0 */
  readonly dropout: number;
  /** Of operands, activations and gradients; checkpoints are stored in it. @default 'bf16' */
  readonly precision: Precision;
  /** Norms in float32, or with every step stored in `precision`. @default 'f32' */
  readonly normPrecision: 'f32' | 'half';
  /** Standard deviation of the first weights. @default 0.02 */
  readonly initDeviation: number;
  /** @default 0.9 */
  readonly beta1: number;
  /** @default 0.95 */
  readonly beta2: number;
  /** @default 1e-8 */
  readonly epsilon: number;
  /** First loss scale of an fp16 training. @default 65536 */
  readonly lossScale: number;
  /** Good steps after which the loss scale doubles. @default 2000 */
  readonly lossScaleInterval: number;
  /** Integer below 2³² of the first weights, the order of the windows and the dropout. @default 1 */
  readonly seed: number;
}

/** Text and tokenizer. */
export interface DataOptions {
  /** Text files, UTF-8. */
  readonly files: readonly string[];
  /** What stands between documents; null when a file is a document. @default null */
  readonly separator: string | null;
  /** Share of the documents, or files of their own, for the held-out loss. @default 0.01 */
  readonly heldOut: number | readonly string[];
  /** Folder with tokenizer.json and tokenizer_config.json. */
  readonly tokenizer: string;
}

/** A model before its vocabulary, which is the tokenizer's, is known. */
export type ModelSizes = Omit<Gpt2Config, 'vocabularySize'> | Omit<LlamaConfig, 'vocabularySize'>;

type Optional<T, K extends keyof T> = Omit<T, K> & { readonly [F in K]?: T[F] | undefined };

/** What `definePretraining` takes; fields with a default may be left out. */
export interface PretrainingConfig {
  /** Folder of the results, one folder in it for each variant. */
  readonly out: string;
  readonly data: Optional<DataOptions, 'separator' | 'heldOut'>;
  /** `intermediateSize` is 4·hiddenSize by default, `sequenceLength` 2048, `normEpsilon` 1e-5, `keyValueHeads` as `heads`, `ropeTheta` 10000. */
  readonly model:
    | Optional<Omit<Gpt2Config, 'vocabularySize'>, 'intermediateSize' | 'sequenceLength' | 'normEpsilon'>
    | Optional<
        Omit<LlamaConfig, 'vocabularySize'>,
        'intermediateSize' | 'sequenceLength' | 'normEpsilon' | 'keyValueHeads' | 'ropeTheta'
      >;
  readonly training: Optional<
    TrainingOptions,
    Exclude<keyof TrainingOptions, 'steps' | 'batchSize' | 'learningRate'>
  >;
  /** Trainings by name, and what of `training` each changes, such as `int8PaperGrid`. @default one, named `run` */
  readonly variants?: Readonly<Record<string, Partial<TrainingOptions>>> | undefined;
  /** Steps after which a checkpoint is written; the last step always is one. @default [] */
  readonly checkpoints?: readonly number[] | undefined;
  /** Steps between two states that a killed run can go on from. @default 200 */
  readonly saveStateEvery?: number | undefined;
}

/** A training of the grid. */
export interface PretrainingVariant {
  readonly name: string;
  readonly training: TrainingOptions;
}

/** A checked configuration. */
export interface Pretraining {
  readonly out: string;
  readonly data: DataOptions;
  readonly model: ModelSizes;
  readonly variants: readonly PretrainingVariant[];
  /** Increasing. */
  readonly checkpoints: readonly number[];
  readonly saveStateEvery: number;
}
