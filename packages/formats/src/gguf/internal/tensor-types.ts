/** @file The numbers that ggml gives to tensor types, and the size of a tensor in each. */
import { bytesPerElement, type DType } from '@bitcliff/core';
import type { StorageType } from '../../tensor-source.ts';
import { BLOCK_FORMATS, isBlockType } from '../block-formats.ts';

const PLAIN: ReadonlyMap<number, DType> = new Map<number, DType>([
  [0, 'F32'],
  [1, 'F16'],
  [24, 'I8'],
  [25, 'I16'],
  [26, 'I32'],
  [27, 'I64'],
  [28, 'F64'],
  [30, 'BF16'],
]); // ggml/include/ggml.h, enum ggml_type

/** Types that ggml has and this package does not read, for messages. */
const UNREAD: ReadonlyMap<number, string> = new Map([
  [4, 'Q4_2, removed from ggml'],
  [5, 'Q4_3, removed from ggml'],
  [9, 'Q8_1'],
  [15, 'Q8_K'],
  [16, 'IQ2_XXS'],
  [17, 'IQ2_XS'],
  [18, 'IQ3_XXS'],
  [19, 'IQ1_S'],
  [21, 'IQ3_S'],
  [22, 'IQ2_S'],
  [23, 'IQ4_XS'],
  [29, 'IQ1_M'],
  [31, 'Q4_0_4_4, removed from ggml'],
  [32, 'Q4_0_4_8, removed from ggml'],
  [33, 'Q4_0_8_8, removed from ggml'],
  [34, 'TQ1_0'],
  [35, 'TQ2_0'],
  [36, 'IQ4_NL_4_4, removed from ggml'],
  [37, 'IQ4_NL_4_8, removed from ggml'],
  [38, 'IQ4_NL_8_8, removed from ggml'],
  [40, 'NVFP4'],
]);

const BY_NUMBER: ReadonlyMap<number, StorageType> = new Map<number, StorageType>([
  ...PLAIN,
  ...Object.values(BLOCK_FORMATS).map((format): [number, StorageType] => [format.ggmlType, format.name]),
]);

const BY_NAME: ReadonlyMap<StorageType, number> = new Map(
  [...BY_NUMBER].map(([number, name]) => [name, number]),
);

/** The type of a number, or undefined. */
export function typeOfNumber(number: number): StorageType | undefined {
  return BY_NUMBER.get(number);
}

/** The number of a type, or undefined for a dtype that GGUF does not have. */
export function numberOfType(type: StorageType): number | undefined {
  return BY_NAME.get(type);
}

/** A number that `typeOfNumber` does not know, for a message. */
export function describeTypeNumber(number: number): string {
  const name = UNREAD.get(number);
  return name === undefined ? `type ${number}` : `type ${number} (${name})`;
}

/** Names of all types, in the order of their numbers. */
export function typeNames(): readonly StorageType[] {
  return [...BY_NUMBER].sort(([a], [b]) => a - b).map(([, name]) => name);
}

/** Elements and bytes of one block; an element of a plain dtype is a block of one. */
export function blockOf(type: StorageType): { readonly size: number; readonly bytes: number } {
  if (!isBlockType(type)) return { size: 1, bytes: bytesPerElement(type) };
  const { blockSize, bytesPerBlock } = BLOCK_FORMATS[type];
  return { size: blockSize, bytes: bytesPerBlock };
}

/** Elements of a shape, or undefined when the product leaves the safe integers; a size of 0 makes any product 0. */
export function safeElementCount(shape: readonly number[]): number | undefined {
  if (shape.includes(0)) return 0;
  let count = 1;
  for (const size of shape) {
    count *= size;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}

/**
 * Bytes of a tensor, or undefined when they leave the safe integers.
 * @param shape row-major, the last size a multiple of the block size
 */
export function tensorBytes(type: StorageType, shape: readonly number[]): number | undefined {
  const count = safeElementCount(shape);
  if (count === undefined) return undefined;
  const { size, bytes } = blockOf(type);
  const length = (count / size) * bytes;
  return Number.isSafeInteger(length) ? length : undefined;
}
