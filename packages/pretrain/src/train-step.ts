import { jit, numpy as np, tree } from '@jax-js/jax';
import { type AdamWConfig, adamwStep, globalNorm, type TrainState } from './adamw.ts';
import { type Batch, lossAndGradients, type PassOptions } from './decoder.ts';
import type { ModelConfig } from './model-config.ts';

/** What a step gives. */
export type StepResult = {
  state: TrainState;
  /** f32 scalar: mean cross-entropy in nats, before the step. */
  loss: np.Array;
  /** f32 scalar: global norm of the gradients, without the loss scale and before clipping; infinite or NaN after an overflow. */
  gradientNorm: np.Array;
};

/** A compiled step. Consumes its arguments. */
export type TrainStep = (
  state: TrainState,
  batch: Batch,
  /** f32[3], see `adamwStep`. */
  rates: np.Array,
  /** f32 scalar. */
  lossScale: np.Array,
  /** u32[2]. */
  dropoutKey: np.Array,
) => StepResult;

/**
 * Compile forward pass, backward pass and AdamW into one function. In fp16 a step whose gradients overflow leaves the state as it is.
 */
export function createTrainStep(
  model: ModelConfig,
  optimizer: AdamWConfig,
  pass: PassOptions,
): TrainStep & { dispose(): void } {
  const step: TrainStep = (state, batch, rates, lossScale, dropoutKey) => {
    const key = pass.dropout === 0 ? undefined : dropoutKey;
    if (key === undefined) dropoutKey.dispose();
    const { loss, gradients: scaled } = lossAndGradients(
      tree.ref(state.params),
      batch,
      lossScale.ref,
      key,
      model,
      pass,
    );
    const inverse = np.reciprocal(lossScale);
    const gradients = Object.fromEntries(
      Object.entries(scaled).map(([name, gradient]) => [name, gradient.mul(inverse.ref)]),
    );
    inverse.dispose();
    const gradientNorm = globalNorm(gradients);
    if (pass.precision !== 'fp16') {
      return { state: adamwStep(state, gradients, gradientNorm.ref, rates, optimizer), loss, gradientNorm };
    }
    const finite = np.isfinite(gradientNorm.ref);
    const updated = adamwStep(tree.ref(state), gradients, gradientNorm.ref, rates, optimizer);
    const kept = tree.map(
      (next: np.Array, previous: np.Array) => np.where(finite.ref, next, previous),
      updated,
      state,
    ) as TrainState;
    finite.dispose();
    return { state: kept, loss, gradientNorm };
  };
  return jit(step);
}
