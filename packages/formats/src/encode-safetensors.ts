import type { Tensor } from '@bitcliff/core';
import { bytesOf } from './internal/elements.ts';
import { layoutSafetensors } from './internal/safetensors-layout.ts';

/**
 * A safetensors file in memory. Tensors are ordered as the reference implementation orders them, widest dtype first and
 * then by name, so equal input gives equal bytes.
 * @param tensors tensors by name  @param metadata free text for the header's `__metadata__` @default none
 * @returns the whole file
 * @throws {InvalidInputError} on a name or metadata that the format cannot hold
 * @throws {UnsupportedError} when the header would be over 100 MB
 * @example
 * const bytes = encodeSafetensors(new Map([['w', new Tensor('F32', [2], new Float32Array([1, 2]))]]));
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const layout = layoutSafetensors('encodeSafetensors', tensors, metadata);
  const file = new Uint8Array(layout.byteLength);
  file.set(layout.head);
  let offset = layout.head.byteLength;
  for (const { name, byteLength } of layout.tensors) {
    file.set(bytesOf(tensors.get(name)!.data), offset);
    offset += byteLength;
  }
  return file;
}
