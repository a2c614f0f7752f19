/** @file The training loop, on whatever device jax-js has; files are the business of its caller. */
import { numpy as np, tree } from '@jax-js/jax';
import { initState, type TrainState } from './adamw.ts';
import { initParams } from './decoder.ts';
import type { Params } from './decoder-inputs.ts';
import { DivergedError } from './diverged-error.ts';
import { LEAST_LOSS_SCALE, type LossScale, nextLossScale } from './loss-scale.ts';
import type { ModelConfig } from './model-config.ts';
import type { TrainingOptions } from './pretraining-config.ts';
import { learningRateAt } from './schedule.ts';
import { createTrainStep } from './train-step.ts';
import { createOrder, targetCount, toBatch, type Windows } from './windows.ts';

/** Where a run stands; with the state of the optimizer, all that it needs to go on exactly. */
export interface TrainingProgress {
  /** Steps done. */
  readonly step: number;
  /** Updates done: steps without the skipped ones. */
  readonly updates: number;
  /** Targets trained on. */
  readonly tokens: number;
  readonly lossScale: LossScale;
}

/** One step's numbers. */
export interface StepReport extends TrainingProgress {
  /** Mean cross-entropy in nats over the step's targets, before its update. */
  readonly loss: number;
  readonly learningRate: number;
  /** Global norm before clipping; not finite when an fp16 step was skipped. */
  readonly gradientNorm: number;
  readonly skipped: boolean;
}

/** Weights and moments of a run, as plain numbers by `params.<name>`, `firstMoment.<name>` and `secondMoment.<name>`. */
export type StateArrays = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly data: Float32Array }
>;

/** A training that has begun. */
export interface Trainer {
  readonly progress: TrainingProgress;
  /** @throws {DivergedError} when loss or gradients are not finite (fp16: when the loss scale fell below 2⁻¹⁰); the trainer is of no use afterwards */
  step(): Promise<StepReport>;
  /** The weights now; valid until the next step. The caller disposes of its copies. */
  params(): Params;
  /** A copy of everything that changes. */
  saveState(): Promise<StateArrays>;
  dispose(): void;
}

/**
 * Begin a training, or go on with one.
 * @param from a state and its progress; then the next step gives what it would have given without the interruption
 * @param lastGood names what was saved last, for errors
 * @throws {InvalidInputError} when the windows do not fill one step
 */
export function createTrainer(
  model: ModelConfig,
  options: TrainingOptions,
  windows: Windows,
  from?: { readonly state: StateArrays; readonly progress: TrainingProgress },
  lastGood: () => string | undefined = () => undefined,
): Trainer {
  const order = createOrder(windows.count, options.batchSize, options.seed);
  const trainStep = createTrainStep(model, options, options);
  let state =
    from === undefined
      ? initState(initParams(model, options.initDeviation, options.seed))
      : stateFromArrays(from.state);
  let progress: TrainingProgress = from?.progress ?? {
    step: 0,
    updates: 0,
    tokens: 0,
    lossScale: { scale: options.precision === 'fp16' ? options.lossScale : 1, goodSteps: 0 },
  };

  const step = async (): Promise<StepReport> => {
    const ids = order(progress.step);
    const learningRate = learningRateAt(progress.step, options);
    const t = progress.updates + 1;
    const rates = Float32Array.of(learningRate, 1 - options.beta1 ** t, 1 - options.beta2 ** t);
    const { scale } = progress.lossScale;
    const key = Uint32Array.of(options.seed, progress.step);
    const result = trainStep(
      state,
      toBatch(windows, ids),
      np.array(rates),
      np.array(scale),
      np.array(key, { dtype: np.uint32 }),
    );
    state = result.state;
    const loss = ((await result.loss.data()) as Float32Array)[0]!;
    const gradientNorm = ((await result.gradientNorm.data()) as Float32Array)[0]!;
    const number = progress.step + 1;
    const skipped = options.precision === 'fp16' && !Number.isFinite(gradientNorm);
    const lossScale =
      options.precision === 'fp16'
        ? nextLossScale(progress.lossScale, skipped, options.lossScaleInterval)
        : progress.lossScale;
    if (lossScale.scale < LEAST_LOSS_SCALE)
      throw new DivergedError(number, 'loss scale too small', lossScale.scale, lastGood());
    if (!skipped && !Number.isFinite(loss))
      throw new DivergedError(number, 'loss not finite', loss, lastGood());
    if (!skipped && !Number.isFinite(gradientNorm))
      throw new DivergedError(number, 'gradient not finite', gradientNorm, lastGood());
    progress = {
      step: number,
      updates: progress.updates + (skipped ? 0 : 1),
      tokens: progress.tokens + targetCount(windows, ids),
      lossScale,
    };
    return { ...progress, loss, learningRate, gradientNorm, skipped };
  };

  return {
    get progress() {
      return progress;
    },
    step,
    params: () => tree.ref(state.params) as Params,
    saveState: () => arraysFromState(state),
    dispose() {
      tree.dispose(state);
      trainStep.dispose();
    },
  };
}

async function arraysFromState(state: TrainState): Promise<StateArrays> {
  const arrays = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [part, params] of Object.entries(state)) {
    for (const [name, array] of Object.entries(params as Params)) {
      const data = (await array.ref.data()) as Float32Array;
      arrays.set(`${part}.${name}`, { shape: array.shape, data });
    }
  }
  return arrays;
}

function stateFromArrays(arrays: StateArrays): TrainState {
  const state: TrainState = { params: {}, firstMoment: {}, secondMoment: {} };
  for (const [key, { shape, data }] of arrays) {
    const dot = key.indexOf('.');
    const part = key.slice(0, dot) as keyof TrainState;
    state[part][key.slice(dot + 1)] = np.array(Float32Array.from(data)).reshape([...shape]);
  }
  return state;
}
