/** @file The algorithms that choose codes, as data. Each has a folder in `methods/` with its paper, its equations and its version. */
import { z } from 'zod';

/** Round every weight to the nearest code ("naive"); no calibration. */
export interface RtnMethod {
  readonly name: 'rtn';
}

/** Move the range of the inputs' outliers into the weights: X / s, W · s. */
export interface SmoothQuantMethod {
  readonly name: 'smoothquant';
  /** s_j = max|X_j|^alpha / max|W_j|^(1 − alpha). */
  readonly alpha: number;
  /** Where the inputs of the next block come from. */
  readonly propagate: Propagation;
}

/** Inputs of at least the threshold take a floating-point product. */
export interface LlmInt8Method {
  readonly name: 'llm-int8';
  /** |x| from which an input is an outlier. */
  readonly threshold: number;
  /** `batch`: whole input columns, as bitsandbytes; `token`: single entries, so that a token does not depend on its batch. */
  readonly scope: 'token' | 'batch';
}

/** Scale input channels by their size before rounding; the best of a grid of scalings by output error. */
export interface AwqMethod {
  readonly name: 'awq';
  /** Candidates. */
  readonly gridPoints: number;
  /**
   * `activations`: s = x̄^r, r = i / n.
   * `duo`: s = x̄^r / (w̄^(1−r) + 1e-4), r = i / n.
   * `duo-or-none`: no scaling, then duo with r = i / (n − 2), i = 0 … n − 2.
   * `none`: no scaling, for layers whose scales nothing before them can take up; the range is searched all the same.
   */
  readonly scaling: 'activations' | 'duo' | 'duo-or-none' | 'none';
  /** Of layers that share an input: leave out candidates that make any of them worse than plain rounding does. */
  readonly neverWorse: boolean;
  /** Search the range of each group after scaling: in all layers, or not in query and key projections. */
  readonly clip: 'none' | 'all' | 'notQueryOrKey';
  readonly propagate: Propagation;
}

/** Round input by input and let the inputs that remain make good the error, by the inverse Hessian. */
export interface GptqMethod {
  readonly name: 'gptq';
  /** Added to the diagonal of H, as a share of its mean. */
  readonly dampPercent: number;
  /** Inputs between two updates of the remaining weights. */
  readonly blockSize: number;
  /** Take inputs in descending order of their Hessian diagonal. */
  readonly actOrder: boolean;
  /** Groups are runs of the original inputs, with scales from the original weights. */
  readonly staticGroups: boolean;
  readonly propagate: Propagation;
}

/** Fit the zero points to a sparse error model; no calibration. */
export interface HqqMethod {
  readonly name: 'hqq';
  readonly solver: 'legacy' | 'v2';
  /** Exponent p of the error norm, in (0, 1). */
  readonly norm: number;
  readonly beta: number;
  /** Factor of beta after each iteration (v2). */
  readonly kappa: number;
  readonly iterations: number;
}

/** Whether the inputs of block i + 1 come from block i before or after it was quantized. */
export type Propagation = 'original' | 'quantized';

/** An algorithm with its options. */
export type Method = RtnMethod | SmoothQuantMethod | LlmInt8Method | AwqMethod | GptqMethod | HqqMethod;

/** Name of a method. */
export type MethodName = Method['name'];

/** Version of each method's results; a change that moves a number raises it. */
export const METHOD_VERSIONS: Readonly<Record<MethodName, number>> = {
  rtn: 1,
  smoothquant: 1,
  'llm-int8': 1,
  awq: 1,
  gptq: 1,
  hqq: 1,
};

const propagate = z.enum(['original', 'quantized']);

/** Checks a method. */
export const methodSchema: z.ZodType<Method> = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('rtn') }),
  z.strictObject({ name: z.literal('smoothquant'), alpha: z.number().min(0).max(1), propagate }),
  z.strictObject({
    name: z.literal('llm-int8'),
    threshold: z.number().positive(),
    scope: z.enum(['token', 'batch']),
  }),
  z.strictObject({
    name: z.literal('awq'),
    gridPoints: z.int().min(3).max(1000),
    scaling: z.enum(['activations', 'duo', 'duo-or-none', 'none']),
    neverWorse: z.boolean(),
    clip: z.enum(['none', 'all', 'notQueryOrKey']),
    propagate,
  }),
  z.strictObject({
    name: z.literal('gptq'),
    dampPercent: z.number().positive().max(1),
    blockSize: z.int().min(1).max(4096),
    actOrder: z.boolean(),
    staticGroups: z.boolean(),
    propagate,
  }),
  z.strictObject({
    name: z.literal('hqq'),
    solver: z.enum(['legacy', 'v2']),
    norm: z.number().gt(0).lt(1),
    beta: z.number().positive(),
    kappa: z.number().min(1),
    iterations: z.int().min(1).max(10_000),
  }),
]);
