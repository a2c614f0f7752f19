import type { numpy as np } from '@jax-js/jax';
import type { TapeNode } from './tape.ts';

/** Weights by Hugging Face name, float32. */
export type Params = Record<string, np.Array>;

/** A weight as the operations see it. */
export type Weights = (name: string) => TapeNode;

/** What a forward pass needs beside the weights. */
export interface DecoderInputs {
  readonly tokens: np.Array;
  readonly positions: np.Array;
  /** bool[B, 1, T, T] */
  readonly visible: np.Array;
  readonly normPrecision: 'f32' | 'half';
  readonly dropout: number;
  /** f32[B, T, D], the attention output's and the MLP output's mask of each layer in turn; empty without dropout. */
  readonly keep: readonly np.Array[];
}
