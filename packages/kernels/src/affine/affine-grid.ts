/**
 * @file From ranges to scales and zero points, and from elements to codes. Every operation is one f32 operation, rounded once, in the
 * order of the formulas; the formulas are those of the programs named in quant-spec.md B.0.
 */
import { InvalidInputError, ROUNDING, type RoundingMode, UnsupportedError } from '@bitcliff/core';
import { roundToBF16, roundToF16 } from '@bitcliff/formats';
import {
  AFFINE_GRIDS,
  type AffineGridOptions,
  type AffineParameters,
  GRID_ROUNDING,
  type ScaleDtype,
} from './affine-scheme.ts';

const f32 = Math.fround;
const RANGE_FLOOR = f32(1e-5); // llm-awq quantizer.py, clamp(min=1e-5)
const F32_EPSILON = 2 ** -23; // compressed-tensors: torch.finfo(float32).eps stands for a scale of 0
const HQQ_INVERSE_LIMIT = 2e4; // hqq quantize.py, clamp(max=2e4)
const HQQ_FLAT = 1e-4; // hqq quantize.py: a range up to this counts as 1 step

/** 1.5 · 2^52: adding and subtracting it rounds |x| < 2^51 half to even. */
export const TO_EVEN = 6_755_399_441_055_744;

const ROUND_SCALE: Readonly<Record<ScaleDtype, (x: number) => number>> = {
  F32: f32,
  F16: roundToF16,
  BF16: roundToBF16,
};

/** A rounding function; half to even without branches. @returns a function of |x| < 2^51 */
export function roundingOf(mode: RoundingMode): (x: number) => number {
  return mode === 'halfToEven' ? (x) => x + TO_EVEN - TO_EVEN : ROUNDING[mode];
}

/** A checked grid, ready to use. */
export interface AffineCoder {
  /** Largest code, 2^bits − 1. */
  readonly maxCode: number;
  /** Smallest code: 1 for `absmax`, which does not use −2^(bits−1). */
  readonly minCode: number;
  /** Scale of a group whose elements lie in [min, max]. */
  scaleOf(min: number, max: number): number;
  /** Zero point of that group. */
  zeroPointOf(min: number, max: number, scale: number): number;
  /** Whether codeOf is clamp(halfToEven(x / scale) + zeroPoint). */
  readonly plain: boolean;
  /** Code of an element. */
  codeOf(x: number, scale: number, zeroPoint: number): number;
}

/**
 * @throws {InvalidInputError} on bits outside 2 … 8 or an unknown grid
 * @throws {UnsupportedError} on an asymmetric `absmax`
 */
export function createAffineCoder(options: AffineGridOptions): AffineCoder {
  const { bits, symmetric, grid, rounding = GRID_ROUNDING[grid], scaleDtype = 'F32' } = options;
  if (!Number.isInteger(bits) || bits < 2 || bits > 8) {
    throw invalid('bad bit width', 'an integer from 2 to 8', bits);
  }
  if (!AFFINE_GRIDS.includes(grid)) throw invalid('unknown grid', AFFINE_GRIDS.join(', '), grid);
  const maxCode = 2 ** bits - 1;
  const half = 2 ** (bits - 1);
  const minCode = grid === 'absmax' ? 1 : 0;
  const round = roundingOf(rounding);
  const roundScale = ROUND_SCALE[scaleDtype];
  const clampCode = (q: number): number => Math.max(minCode, Math.min(maxCode, q));

  const width = (min: number, max: number): number => f32(Math.max(0, max) - Math.min(0, min));
  const absmax = (min: number, max: number): number => Math.max(-min, max);
  const divide = (x: number, s: number, z: number): number =>
    s === 0 ? clampCode(z) : clampCode(round(f32(x / s)) + z);
  const symmetricZero = (): number => half;

  switch (grid) {
    case 'absmax':
      if (!symmetric) throw oneSided(grid, 'symmetric');
      return {
        maxCode,
        minCode,
        scaleOf: (min, max) => roundScale(f32(absmax(min, max) / (half - 1))),
        zeroPointOf: symmetricZero,
        codeOf: divide,
        plain: rounding === 'halfToEven',
      };
    case 'awq':
      return {
        maxCode,
        minCode,
        scaleOf: symmetric
          ? (min, max) => roundScale(f32(Math.max(absmax(min, max), RANGE_FLOOR) / (half - 1)))
          : (min, max) => roundScale(f32(Math.max(f32(max - min), RANGE_FLOOR) / maxCode)),
        zeroPointOf: symmetric
          ? symmetricZero
          : (min, _, s) => Math.max(0, Math.min(maxCode, 0 - round(f32(min / s)))),
        codeOf: divide,
        plain: rounding === 'halfToEven',
      };
    case 'gptq':
      return {
        maxCode,
        minCode,
        scaleOf: symmetric
          ? (min, max) => roundScale(f32(f32(2 * (absmax(min, max) || 1)) / maxCode))
          : (min, max) => roundScale(f32((width(min, max) || 2) / maxCode)),
        zeroPointOf: symmetric
          ? symmetricZero
          : (min, max, s) => (width(min, max) === 0 ? half : round(f32((0 - Math.min(min, 0)) / s))),
        codeOf: divide,
        plain: rounding === 'halfToEven',
      };
    case 'compressed-tensors':
      return {
        maxCode,
        minCode,
        scaleOf: symmetric
          ? (min, max) => roundScale(f32(absmax(min, max) / (maxCode / 2)) || F32_EPSILON)
          : (min, max) => roundScale(f32(width(min, max) / maxCode) || F32_EPSILON),
        zeroPointOf: symmetric
          ? symmetricZero
          : (min, _, s) =>
              round(Math.max(-half, Math.min(half - 1, f32(-half - f32(Math.min(min, 0) / s))))) + half,
        plain: false,
        // the sum with the signed zero point is what is rounded
        codeOf: (x, s, z) => clampCode(round(f32(f32(x / s) + (z - half))) + half),
      };
    case 'hqq':
      if (symmetric) throw oneSided(grid, 'asymmetric');
      return {
        maxCode,
        minCode,
        scaleOf: (min, max) => {
          const range = f32(max - min);
          return roundScale(f32(1 / (range <= HQQ_FLAT ? 1 : Math.min(maxCode / range, HQQ_INVERSE_LIMIT))));
        },
        zeroPointOf: (min, _, s) => (bits === 4 ? round(f32((0 - min) / s)) : f32((0 - min) / s)),
        plain: false,
        codeOf: (x, s, z) => clampCode(round(f32(f32(x / s) + z))),
      };
    case 'matmulnbits':
      return {
        maxCode,
        minCode,
        scaleOf: symmetric
          ? (min, max) => roundScale(f32((max > -min ? max : min) / -half))
          : (min, max) => roundScale(f32(width(min, max) / maxCode)),
        zeroPointOf: symmetric
          ? symmetricZero
          : (min, _, s) => (s === 0 ? 0 : clampCode(round(f32((0 - Math.min(min, 0)) / s)))),
        plain: false,
        codeOf: (x, s, z) => clampCode(s === 0 ? z : round(f32(f32(x * f32(1 / s)) + z))),
      };
  }
}

/**
 * Scales and zero points of ranges.
 * @param min f32[n]  @param max f32[n]
 */
export function chooseAffine(
  min: Float32Array,
  max: Float32Array,
  options: AffineGridOptions,
): Pick<AffineParameters, 'scale' | 'zeroPoint'> {
  const coder = createAffineCoder(options);
  const scale = new Float32Array(min.length);
  const zeroPoint = new Float32Array(min.length);
  for (let i = 0; i < min.length; i++) {
    scale[i] = coder.scaleOf(min[i]!, max[i]!);
    zeroPoint[i] = coder.zeroPointOf(min[i]!, max[i]!, scale[i]!);
  }
  return { scale, zeroPoint };
}

function invalid(problem: string, expected: string, received: string | number): InvalidInputError {
  return new InvalidInputError({ op: 'createAffineCoder', problem, expected, received });
}

function oneSided(grid: string, kind: 'symmetric' | 'asymmetric'): UnsupportedError {
  return new UnsupportedError({
    op: 'createAffineCoder',
    problem: `the grid "${grid}" is ${kind}`,
    expected: `symmetric: ${kind === 'symmetric'}`,
    received: String(kind !== 'symmetric'),
  });
}
