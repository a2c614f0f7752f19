/**
 * @file Integer quantization with a scale and a zero point for each group of weights: what codes mean, and the options that choose
 * them. Codes are unsigned in every scheme, q in [0, 2^bits − 1] and x̂ = (q − zeroPoint) · scale; a symmetric scheme has the
 * zero point 2^(bits−1), so that q − 2^(bits−1) is its signed code.
 */
import type { RoundingMode } from '@bitcliff/core';

/**
 * The rule that turns the range of a group into scale and zero point, and an element into its code (quant-spec.md B.0).
 * - `absmax`: symmetric, s = max|x| / (2^(b−1) − 1), codes ±(2^(b−1) − 1); a group of zeros has scale 0. Vector-wise INT8, GLM-130B's INT4.
 * - `awq`: s = max(max − min, 1e-5) / (2^b − 1), the range is not widened to hold 0. Symmetric: s = max(max|x|, 1e-5) / (2^(b−1) − 1).
 * - `gptq`: the range always holds 0, a group of zeros counts as [−1, 1]. Symmetric: [−m, m] over 2^b − 1 steps.
 * - `compressed-tensors`: the range holds 0; x / s + z is rounded as one sum. Symmetric: s = max|x| / ((2^b − 1) / 2).
 * - `matmulnbits`: the range holds 0; multiplies by 1 / s. Symmetric: s = −(element of largest size, with its sign) / 2^(b−1).
 * - `hqq`: asymmetric, 1 / s = min((2^b − 1) / (max − min), 2e4), z = −min / s stays a real number (rounded with 4 bits), q = round(x / s + z).
 */
export type AffineGrid = 'absmax' | 'awq' | 'gptq' | 'compressed-tensors' | 'matmulnbits' | 'hqq';

/** Every grid. */
export const AFFINE_GRIDS: readonly AffineGrid[] = [
  'absmax',
  'awq',
  'gptq',
  'compressed-tensors',
  'matmulnbits',
  'hqq',
];

/** The rounding that the program behind a grid uses. */
export const GRID_ROUNDING: Readonly<Record<AffineGrid, RoundingMode>> = {
  absmax: 'halfToEven',
  awq: 'halfToEven',
  gptq: 'halfToEven',
  'compressed-tensors': 'halfToEven',
  matmulnbits: 'halfAway',
  hqq: 'halfToEven',
};

/** What scales are rounded to before anything is computed with them. */
export type ScaleDtype = 'F32' | 'F16' | 'BF16';

/**
 * Which elements of W [in, out] share a scale. `perGroup`: runs of `groupSize` inputs of one output; the last run of a column is
 * shorter when the size does not divide. `perRow`: the elements of one input (of X [tokens, in]: one token).
 */
export type AffineGranularity = 'perTensor' | 'perRow' | 'perColumn' | 'perGroup';

/** How a range becomes scale and zero point. */
export interface AffineGridOptions {
  /** 2 to 8. */
  readonly bits: number;
  readonly symmetric: boolean;
  readonly grid: AffineGrid;
  /** @default the rounding of the grid's program */
  readonly rounding?: RoundingMode;
  /** @default 'F32' */
  readonly scaleDtype?: ScaleDtype;
}

/** How a matrix is quantized. */
export interface AffineOptions extends AffineGridOptions {
  readonly granularity: AffineGranularity;
  /** Inputs that share a scale; for `perGroup` alone. */
  readonly groupSize?: number;
}

/** Scales and zero points of a matrix, one for each group of `groupSize` rows of a column. */
export interface AffineParameters {
  /** f32[groups × columns]. */
  readonly scale: Float32Array;
  /** f32[groups × columns]; integers, save where a method keeps them as real numbers (HQQ). */
  readonly zeroPoint: Float32Array;
  /** Rows of a group. */
  readonly groupSize: number;
}

/** Integer codes with their scales. W [rows = in, columns = out]. */
export interface AffineMatrix extends AffineParameters {
  /** u8[rows × columns], each in [0, 2^bits − 1]. */
  readonly codes: Uint8Array;
  readonly rows: number;
  readonly columns: number;
  readonly bits: number;
  readonly symmetric: boolean;
  /** Group of each row; absent where row r is in group ⌊r / groupSize⌋. GPTQ's act-order makes other groups. */
  readonly groupIndex?: Uint32Array;
}
