/**
 * @file Reverse-mode differentiation that stores what a half-precision machine would store. Each operation is differentiated by jax-js on its own;
 * the tape joins them, and rounds every result, every gradient that an operation returns and every sum of gradients on the way.
 * jax-js counts references: a function consumes each array it is given, `.ref` keeps one alive for another use.
 */
import { type numpy as np, vjp } from '@jax-js/jax';
import type { Rounding } from './precision.ts';

/** A value of the computation, and what is known of its gradient on the way back. */
export interface TapeNode {
  readonly value: np.Array;
  gradient: np.Array | undefined;
}

/** What is rounded: result and gradients, only the gradients (results that stay float32), or nothing (other views of the same numbers). */
export type Rounded = 'all' | 'gradients' | 'nothing';

/** The operations of one forward pass, in order. */
export class Tape {
  readonly #round: Rounding;
  readonly #recording: boolean;
  readonly #backward: (() => void)[] = [];
  readonly #nodes: TapeNode[] = [];

  /** @param round of the precision  @param recording false when no gradient will be asked for */
  constructor(round: Rounding, recording = true) {
    this.#round = round;
    this.#recording = recording;
  }

  /** A value to differentiate by. Consumes it. */
  leaf(value: np.Array): TapeNode {
    const node: TapeNode = { value, gradient: undefined };
    this.#nodes.push(node);
    return node;
  }

  /** A float32 weight as the operations see it: rounded; its gradient comes back as it is. */
  weight(master: TapeNode): TapeNode {
    const node = this.leaf(this.#round(master.value.ref));
    this.#backward.push(() => {
      if (node.gradient !== undefined) this.#add(master, node.gradient, 'nothing');
    });
    return node;
  }

  /**
   * Run an operation.
   * @param f consumes the values of `inputs`, then `constants`, by which nothing is differentiated
   * @returns its result, rounded unless `rounded` says otherwise
   */
  apply(
    f: (...arrays: np.Array[]) => np.Array,
    inputs: readonly TapeNode[],
    { rounded = 'all', constants = [] }: { rounded?: Rounded; constants?: readonly np.Array[] } = {},
  ): TapeNode {
    const values = inputs.map(({ value }) => value.ref);
    const run = (...xs: np.Array[]): np.Array => f(...xs, ...constants.map((c) => c.ref));
    const round = rounded === 'all' ? this.#round : (x: np.Array): np.Array => x;
    if (!this.#recording) return this.leaf(round(run(...values)));
    const [result, back] = vjp(run, values);
    const node = this.leaf(round(result));
    this.#backward.push(() => {
      if (node.gradient !== undefined) {
        const gradients = back(node.gradient) as np.Array[];
        for (const [i, input] of inputs.entries()) this.#add(input, gradients[i]!, rounded);
      }
      back.dispose();
    });
    return node;
  }

  #add(node: TapeNode, gradient: np.Array, rounded: Rounded): void {
    const one = rounded === 'nothing' ? gradient : this.#round(gradient);
    node.gradient = node.gradient === undefined ? one : this.#round(node.gradient.add(one));
  }

  /** Gradients of all leaves of which `node` is made; those of results are used up on the way. @param gradient of `node`, consumed */
  backward(node: TapeNode, gradient: np.Array): void {
    node.gradient = gradient;
    for (const step of this.#backward.splice(0).reverse()) step();
  }

  /** Let go of all values; gradients that were taken out of their nodes before stay. */
  dispose(): void {
    for (const { value } of this.#nodes.splice(0)) value.dispose();
  }
}
