/** @file AdamW with a cosine schedule and clipping by global norm, as one jax-js function of the whole state. */
import { numpy as np, tree } from '@jax-js/jax';
import type { Params } from './model.ts';

/** Hyper-parameters of a run. */
export interface OptimizerConfig {
  readonly steps: number;
  readonly warmupSteps: number;
  readonly learningRate: number;
  /** The schedule ends at this part of the learning rate. */
  readonly finalFraction: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled; matrices only, norms are not decayed. */
  readonly weightDecay: number;
  /** Largest global norm of the gradient. */
  readonly clipNorm: number;
}

/** Weights and both moments. */
export type TrainState = { params: Params; m: Params; v: Params };

/** Learning rate of a step, linear up during the warm-up, then half a cosine down. @param step from 0 */
export function learningRateAt(step: number, config: OptimizerConfig): number {
  const { steps, warmupSteps, learningRate, finalFraction } = config;
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, steps - warmupSteps));
  return learningRate * (finalFraction + (1 - finalFraction) * 0.5 * (1 + Math.cos(Math.PI * progress)));
}

/** f32[3]: the learning rate of a step and the bias corrections 1 − β₁ᵗ and 1 − β₂ᵗ. @param step from 0 */
export function scheduleAt(step: number, config: OptimizerConfig): np.Array {
  const t = step + 1;
  return np.array(
    Float32Array.of(learningRateAt(step, config), 1 - config.beta1 ** t, 1 - config.beta2 ** t),
  );
}

/** Moments of zero. */
export function initState(params: Params): TrainState {
  const zeros = (): Params => tree.map((p: np.Array) => np.zeros(p.shape), params) as Params;
  return { params, m: zeros(), v: zeros() };
}

/** Euclidean norm over all leaves. Consumes the gradient. */
function globalNorm(grads: Params): np.Array {
  const squares = tree.leaves<np.Array>(grads).map((g) => np.sum(np.square(g)));
  return np.sqrt(squares.reduce((a, b) => a.add(b)));
}

/**
 * One AdamW step. Consumes its arguments.
 * @param schedule f32[3] of {@link scheduleAt}
 */
export function adamw(
  state: TrainState,
  grads: Params,
  schedule: np.Array,
  config: OptimizerConfig,
): TrainState {
  const { beta1, beta2, epsilon, weightDecay, clipNorm } = config;
  const scale = np.minimum(np.array(clipNorm).div(globalNorm(tree.ref(grads)).add(1e-6)), 1);
  const [lr, c1, c2] = [schedule.ref.slice(0), schedule.ref.slice(1), schedule.slice(2)];
  const params = tree.leaves<np.Array>(state.params);
  const ms = tree.leaves<np.Array>(state.m);
  const vs = tree.leaves<np.Array>(state.v);
  const updated = tree.leaves<np.Array>(grads).map((grad, i) => {
    const g = grad.mul(scale.ref);
    const m = ms[i]!.mul(beta1).add(g.ref.mul(1 - beta1));
    const v = vs[i]!.mul(beta2).add(np.square(g).mul(1 - beta2));
    const p = params[i]!;
    const direction = m.ref.div(c1.ref).div(np.sqrt(v.ref.div(c2.ref)).add(epsilon));
    const decay = p.shape.length > 1 ? weightDecay : 0;
    return { p: p.ref.sub(direction.add(p.mul(decay)).mul(lr.ref)), m, v };
  });
  for (const scalar of [scale, c1, c2, lr]) scalar.dispose();
  const structure = tree.structure(state.params);
  const rebuild = (leaves: np.Array[]): Params => tree.unflatten(structure, leaves) as Params;
  return {
    params: rebuild(updated.map((u) => u.p)),
    m: rebuild(updated.map((u) => u.m)),
    v: rebuild(updated.map((u) => u.v)),
  };
}
