/** @file GGUF files from metadata and tensors: the header alone, or a whole file in memory. */
import type { GgufHeader, GgufTensorDescription } from './gguf-header.ts';
import type { GgufValue } from './gguf-value.ts';
import { layoutGguf, requireDataLength } from './internal/gguf-layout.ts';

/** Version of the block formats, for `general.quantization_version`, which a file with quantized tensors should state. */
export const GGUF_QUANTIZATION_VERSION = 2; // ggml/include/ggml.h, GGML_QNT_VERSION

/**
 * The header of a GGUF file. Fields and tensors keep their order; nothing is added to them.
 * @param fields metadata; `general.alignment` (u32, a power of two from 8 to 65536) sets the alignment @default 32
 * @param tensors descriptions, in the order of their data
 * @throws {InvalidInputError} on a value, name, shape or type that the format or ggml cannot hold
 * @see https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 */
export function encodeGgufHeader(
  fields: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensorDescription[],
): GgufHeader {
  return layoutGguf('encodeGgufHeader', fields, tensors);
}

/** A tensor with its data. */
export interface GgufTensor extends GgufTensorDescription {
  /** Little-endian, u8[bytes of the shape in this type]. `quantizeBlocks` makes it from float32. */
  readonly data: Uint8Array;
}

/**
 * A GGUF file in memory.
 * @param file.fields metadata, as for `encodeGgufHeader`  @param file.tensors tensors with their bytes
 * @returns the whole file
 * @throws {InvalidInputError} as `encodeGgufHeader`, and when the bytes of a tensor do not fit its shape
 * @example
 * const fields = new Map<string, GgufValue>([['general.architecture', { type: 'string', value: 'llama' }]]);
 * const data = quantizeBlocks('Q4_0', new Float32Array(64));
 * const bytes = encodeGguf({ fields, tensors: [{ name: 'w', shape: [2, 32], type: 'Q4_0', data }] });
 */
export function encodeGguf(file: {
  readonly fields: ReadonlyMap<string, GgufValue>;
  readonly tensors: Iterable<GgufTensor>;
}): Uint8Array {
  const tensors = [...file.tensors];
  const { head, places, byteLength } = layoutGguf('encodeGguf', file.fields, tensors);
  tensors.forEach(({ name, data }, i) => {
    requireDataLength('encodeGguf', name, places[i]!.byteLength, data);
  });
  const bytes = new Uint8Array(byteLength);
  bytes.set(head);
  tensors.forEach(({ data }, i) => {
    bytes.set(data, places[i]!.offset);
  });
  return bytes;
}
