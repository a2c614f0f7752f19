/** @file How the weights of one linear layer, W [in, out], are stored. */

import { ROUNDING, type RoundingMode } from '@bitcliff/core';
import { AFFINE_GRIDS, type AffineGranularity, type AffineGrid, type ScaleDtype } from '@bitcliff/kernels';
import { z } from 'zod';

/** Integers with a scale, and a zero point where the scheme is not symmetric. */
export interface IntegerScheme {
  readonly kind: 'integer';
  /** 2 to 8. */
  readonly bits: number;
  readonly symmetric: boolean;
  /** The rule for scales and zero points, after the program it comes from. */
  readonly grid: AffineGrid;
  readonly granularity: AffineGranularity;
  /** Inputs that share a scale, for `perGroup`; `null` otherwise. The last group of a column may be shorter. */
  readonly groupSize: number | null;
  readonly rounding: RoundingMode;
  readonly scaleDtype: ScaleDtype;
}

/** 8-bit floats with a scale that maps the largest weight to the largest float. */
export interface Float8Scheme {
  readonly kind: 'float8';
  readonly bits: 8;
  readonly format: 'E4M3' | 'E5M2';
  readonly granularity: 'perTensor' | 'perColumn';
  readonly scaleDtype: 'F32';
}

/** OCP MXFP4: E2M1 elements, a power of two for each 32 inputs of an output. */
export interface MxFp4Scheme {
  readonly kind: 'mxfp4';
  readonly bits: 4;
  readonly groupSize: 32;
  /** Exponent from the largest element a: ⌊log2 a⌋ − 2 (OCP; saturates above 6), or ⌈log2(a / 6)⌉ (ModelOpt). */
  readonly scaleRule: 'floor' | 'ceil';
}

/** NVFP4: E2M1 elements, an E4M3 scale for each 16 inputs of an output, one f32 scale for the tensor. */
export interface NvFp4Scheme {
  readonly kind: 'nvfp4';
  readonly bits: 4;
  readonly groupSize: 16;
}

/** A block format of GGUF files, along the inputs of each output, as `quantizeBlocks` of @bitcliff/formats makes it. */
export interface GgmlScheme {
  readonly kind: 'ggml';
  /** Bits of an element, without its block's scales. */
  readonly bits: number;
  readonly type: GgmlType;
}

/** Block formats that weights can be written to, with the bits of an element. */
export const GGML_BITS = {
  Q4_0: 4,
  Q4_1: 4,
  Q5_0: 5,
  Q5_1: 5,
  Q8_0: 8,
  Q4_K: 4,
  Q5_K: 5,
  Q6_K: 6,
} as const;

/** Name of such a format. */
export type GgmlType = keyof typeof GGML_BITS;

/** How the weights of one linear layer are stored. */
export type WeightScheme = IntegerScheme | Float8Scheme | MxFp4Scheme | NvFp4Scheme | GgmlScheme;

const namesOf = <T extends string>(names: readonly T[]) => z.enum(names as [T, ...T[]]);

const integerSchema = z
  .strictObject({
    kind: z.literal('integer'),
    bits: z.int().min(2).max(8),
    symmetric: z.boolean(),
    grid: namesOf(AFFINE_GRIDS),
    granularity: namesOf<AffineGranularity>(['perTensor', 'perRow', 'perColumn', 'perGroup']),
    groupSize: z.int().min(1).nullable(),
    rounding: namesOf(Object.keys(ROUNDING) as RoundingMode[]),
    scaleDtype: namesOf<ScaleDtype>(['F32', 'F16', 'BF16']),
  })
  .refine((scheme) => (scheme.granularity === 'perGroup') === (scheme.groupSize !== null), {
    message: 'perGroup needs a group size, the others have none',
    path: ['groupSize'],
  })
  .refine((scheme) => scheme.symmetric || scheme.grid !== 'absmax', {
    message: 'the grid "absmax" is symmetric',
    path: ['symmetric'],
  })
  .refine((scheme) => !scheme.symmetric || scheme.grid !== 'hqq', {
    message: 'the grid "hqq" is asymmetric',
    path: ['symmetric'],
  });

/** Checks a weight scheme. */
export const weightSchema: z.ZodType<WeightScheme> = z.discriminatedUnion('kind', [
  integerSchema,
  z.strictObject({
    kind: z.literal('float8'),
    bits: z.literal(8),
    format: z.enum(['E4M3', 'E5M2']),
    granularity: z.enum(['perTensor', 'perColumn']),
    scaleDtype: z.literal('F32'),
  }),
  z.strictObject({
    kind: z.literal('mxfp4'),
    bits: z.literal(4),
    groupSize: z.literal(32),
    scaleRule: z.enum(['floor', 'ceil']),
  }),
  z.strictObject({ kind: z.literal('nvfp4'), bits: z.literal(4), groupSize: z.literal(16) }),
  z
    .strictObject({
      kind: z.literal('ggml'),
      bits: z.int(),
      type: namesOf(Object.keys(GGML_BITS) as GgmlType[]),
    })
    .refine((scheme) => scheme.bits === GGML_BITS[scheme.type], {
      message: 'not the bits of that type',
      path: ['bits'],
    }),
]);
