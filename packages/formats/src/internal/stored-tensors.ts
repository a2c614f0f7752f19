import { bytesPerElement, type DType } from '@bitcliff/core';
import type { ByteSource } from '../byte-source.ts';
import type { TensorSource } from '../tensor-source.ts';
import { type LazyTensor, lazyTensors } from './lazy-tensors.ts';

/** One tensor whose bytes lie in one piece in a byte source; checked by the parser that made it. */
export interface StoredTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** First byte, from the start of the source. */
  readonly offset: number;
  readonly byteLength: number;
}

/** A tensor source over tensors at known places of one byte source. Every single-file reader ends here. */
export function storedTensors(
  source: ByteSource,
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>>,
): TensorSource {
  const lazy = new Map<string, LazyTensor>();
  for (const [name, { dtype, shape, offset }] of tensors) {
    const size = bytesPerElement(dtype);
    const readElements = (start: number, end: number): Promise<Uint8Array> =>
      source.read(offset + start * size, (end - start) * size);
    lazy.set(name, { dtype, shape, readElements });
  }
  return lazyTensors({ name: source.name, metadata, tensors: lazy, close: () => source.close() });
}
