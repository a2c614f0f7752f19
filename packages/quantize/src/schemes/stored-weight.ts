/** @file Quantized weights as they are stored, for packers; and back to numbers. */
import { InternalError } from '@bitcliff/core';
import { decodeE2M1, decodeE8M0, decodeF8E4M3, decodeF8E5M2, dequantizeBlocks } from '@bitcliff/formats';
import { type AffineMatrix, dequantizeAffineRef } from '@bitcliff/kernels';
import type { GgmlType } from '../weight-scheme.ts';
import { transpose } from './transpose.ts';

/** Sizes of W [rows = in, columns = out]. */
interface WeightSize {
  readonly rows: number;
  readonly columns: number;
}

/** Integer codes. */
export interface IntegerWeight {
  readonly kind: 'integer';
  readonly matrix: AffineMatrix;
}

/** 8-bit floats: x̂ = value(code) · scale. */
export interface Float8Weight extends WeightSize {
  readonly kind: 'float8';
  readonly format: 'E4M3' | 'E5M2';
  /** u8[rows × columns]. */
  readonly codes: Uint8Array;
  /** f32[columns]. */
  readonly scale: Float32Array;
}

/** MXFP4 or NVFP4: x̂ = value(code) · scale(group) [· tensorScale]. */
export interface Float4Weight extends WeightSize {
  readonly kind: 'mxfp4' | 'nvfp4';
  readonly groupSize: number;
  /** u8[rows × columns], E2M1 codes, 0 … 15. */
  readonly codes: Uint8Array;
  /** u8[groups × columns]: E8M0 codes for MXFP4, E4M3 codes for NVFP4. */
  readonly scaleCodes: Uint8Array;
  /** 1 for MXFP4. */
  readonly tensorScale: number;
}

/** Blocks of a GGUF tensor [out, in]. */
export interface GgmlWeight extends WeightSize {
  readonly kind: 'ggml';
  readonly type: GgmlType;
  readonly blocks: Uint8Array;
}

/** Quantized weights. */
export type StoredWeight = IntegerWeight | Float8Weight | Float4Weight | GgmlWeight;

/** The numbers that stored weights stand for. @returns f32[in × out] */
export function dequantizeStored(stored: StoredWeight): Float32Array {
  switch (stored.kind) {
    case 'integer':
      return dequantizeAffineRef(stored.matrix);
    case 'float8': {
      const values = (stored.format === 'E4M3' ? decodeF8E4M3 : decodeF8E5M2)(stored.codes);
      for (let i = 0; i < values.length; i++) values[i]! *= stored.scale[i % stored.columns]!;
      return values;
    }
    case 'mxfp4':
    case 'nvfp4': {
      const values = decodeE2M1(stored.codes);
      const { columns, groupSize, tensorScale } = stored;
      const scale = (stored.kind === 'mxfp4' ? decodeE8M0 : decodeF8E4M3)(stored.scaleCodes);
      for (let r = 0, i = 0; r < stored.rows; r++) {
        const first = Math.floor(r / groupSize) * columns;
        for (let j = 0; j < columns; j++, i++) {
          values[i] = values[i]! * Math.fround(scale[first + j]! * tensorScale);
        }
      }
      return values;
    }
    case 'ggml':
      return transpose(dequantizeBlocks(stored.type, stored.blocks), stored.columns, stored.rows);
    default:
      throw new InternalError(`unknown stored weight ${JSON.stringify((stored as StoredWeight).kind)}`);
  }
}
