/** @file AdamW with decoupled weight decay and clipping by global norm, in float32 (Loshchilov and Hutter, arXiv 1711.05101). */
import { numpy as np } from '@jax-js/jax';
import type { Params } from './decoder-inputs.ts';

/** Hyper-parameters that stay the same during a run. */
export interface AdamWConfig {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled. Every matrix decays, embeddings included; norm gains and all biases (one axis) do not. */
  readonly weightDecay: number;
  /** Largest global norm of the gradient; none when null. */
  readonly clipNorm: number | null;
}

/** Weights and both moments, float32. */
export type TrainState = { params: Params; firstMoment: Params; secondMoment: Params };

/** Moments of zero. Keeps `params`. */
export function initState(params: Params): TrainState {
  const zeros = (): Params =>
    Object.fromEntries(Object.entries(params).map(([name, p]) => [name, np.zeros(p.shape)]));
  return { params, firstMoment: zeros(), secondMoment: zeros() };
}

/** Euclidean norm over all gradients, which stay. */
export function globalNorm(gradients: Params): np.Array {
  const squares = Object.values(gradients).map((g) => np.sum(np.square(g.ref)));
  return np.sqrt(squares.reduce((a, b) => a.add(b)));
}

/**
 * One step. Consumes its arguments.
 * @param norm of the gradients
 * @param rates f32[3]: the learning rate and the bias corrections 1 − β₁ᵗ and 1 − β₂ᵗ
 */
export function adamwStep(
  state: TrainState,
  gradients: Params,
  norm: np.Array,
  rates: np.Array,
  config: AdamWConfig,
): TrainState {
  const { beta1, beta2, epsilon, weightDecay, clipNorm } = config;
  const scale = clipNorm === null ? np.ones([]) : np.minimum(np.array(clipNorm).div(norm.ref.add(1e-6)), 1);
  norm.dispose();
  const [rate, correction1, correction2] = [rates.ref.slice(0), rates.ref.slice(1), rates.slice(2)];
  const next: TrainState = { params: {}, firstMoment: {}, secondMoment: {} };
  for (const [name, gradient] of Object.entries(gradients)) {
    const g = gradient.mul(scale.ref);
    const m = state.firstMoment[name]!.mul(beta1).add(g.ref.mul(1 - beta1));
    const v = state.secondMoment[name]!.mul(beta2).add(np.square(g).mul(1 - beta2));
    const p = state.params[name]!;
    const direction = m.ref.div(correction1.ref).div(np.sqrt(v.ref.div(correction2.ref)).add(epsilon));
    const decay = p.ndim > 1 ? weightDecay : 0;
    next.params[name] = p.ref.sub(direction.add(p.mul(decay)).mul(rate.ref));
    next.firstMoment[name] = m;
    next.secondMoment[name] = v;
  }
  for (const scalar of [scale, rate, correction1, correction2]) scalar.dispose();
  return next;
}
