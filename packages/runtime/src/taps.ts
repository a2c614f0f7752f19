import type { ModuleRole } from '@bitcliff/quantize';

/** A named place in a block: the input or the output of the linear layers of one role. Outputs of q, k and v, or gate and up, stand side by side. */
export type TapPoint = `${ModuleRole}.${'input' | 'output'}`;

/** What is measured at taps. Reductions run inside the graph, over the tokens of one sequence at a time. */
export interface TapOptions {
  /** @default the input of every role */
  readonly points?: readonly TapPoint[] | undefined;
  /** Largest and mean magnitude of every channel. @default true */
  readonly channels?: boolean | undefined;
  /** Count, for every channel, the tokens with |x| > threshold. @default `null`, no count */
  readonly threshold?: number | null | undefined;
  /** Mean and standard deviation of every token, and the root mean square of its own vector-wise int8 quantization error. @default true */
  readonly tokens?: boolean | undefined;
  /** Σ x xᵀ over tokens; [features × features], so mind its size. @default false */
  readonly gram?: boolean | undefined;
  /** Distance of every variant from the baseline. @default true where the baseline runs beside others */
  readonly difference?: boolean | undefined;
  /** Give every block of every variant what went into the baseline's, so that differences are the block's own. @default true: they add up */
  readonly propagate?: boolean | undefined;
  /** Gets the values themselves, after each block. @default nobody does */
  readonly onValues?: ((values: TapValues) => void) | undefined;
}

/** The values at one tap for one sequence. */
export interface TapValues {
  readonly variant: string;
  /** 0-based. */
  readonly layer: number;
  readonly point: TapPoint;
  /** Index of the sequence. */
  readonly sequence: number;
  /** f32[tokens × features], valid during the call. */
  readonly data: Float32Array;
  readonly tokens: number;
  readonly features: number;
}

/** What one tap saw over all sequences. */
export interface TapRecord {
  readonly variant: string;
  /** 0-based. */
  readonly layer: number;
  readonly point: TapPoint;
  /** Tokens of all sequences. */
  readonly tokens: number;
  readonly features: number;
  readonly channels: {
    /** max |x|, f32[features]. */
    readonly absMax: Float32Array;
    /** mean |x|, f64[features]. */
    readonly meanAbs: Float64Array;
  } | null;
  /** Tokens with |x| > threshold, f64[features]. */
  readonly above: Float64Array | null;
  readonly perToken: {
    /** Mean over features, f32[tokens], sequences one after another. */
    readonly mean: Float32Array;
    /** Standard deviation over features (divisor n), f32[tokens]. */
    readonly std: Float32Array;
    /** sqrt(mean over features of (x − dequantize(quantize(x)))²), int8 with the token's own absmax, f32[tokens]. */
    readonly int8Error: Float32Array;
  } | null;
  /** Σ x xᵀ, f64[features × features]; each sequence is summed in f32. */
  readonly gram: Float64Array | null;
  /** Frobenius norms over all tokens: ‖variant − baseline‖ and ‖baseline‖; `null` for the baseline. */
  readonly difference: { readonly norm: number; readonly baselineNorm: number } | null;
}
