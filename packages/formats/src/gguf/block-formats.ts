import type { BlockType, StorageType } from '../tensor-source.ts';
import type { BlockFormat } from './block-format.ts';
import { IQ4_NL } from './block-formats/iq4-nl.ts';
import { MXFP4 } from './block-formats/mxfp4.ts';
import { Q2_K } from './block-formats/q2-k.ts';
import { Q3_K } from './block-formats/q3-k.ts';
import { Q4_0 } from './block-formats/q4-0.ts';
import { Q4_1 } from './block-formats/q4-1.ts';
import { Q4_K } from './block-formats/q4-k.ts';
import { Q5_0 } from './block-formats/q5-0.ts';
import { Q5_1 } from './block-formats/q5-1.ts';
import { Q5_K } from './block-formats/q5-k.ts';
import { Q6_K } from './block-formats/q6-k.ts';
import { Q8_0 } from './block-formats/q8-0.ts';

/**
 * The block formats by name.
 * @example
 * BLOCK_FORMATS.Q4_0.bytesPerBlock; // 18
 */
export const BLOCK_FORMATS: { readonly [Name in BlockType]: BlockFormat<Name> } = {
  Q4_0,
  Q4_1,
  Q5_0,
  Q5_1,
  Q8_0,
  Q2_K,
  Q3_K,
  Q4_K,
  Q5_K,
  Q6_K,
  IQ4_NL,
  MXFP4,
};

/** True for a type that is stored in blocks, false for a plain dtype. */
export function isBlockType(type: StorageType): type is BlockType {
  return Object.hasOwn(BLOCK_FORMATS, type);
}
