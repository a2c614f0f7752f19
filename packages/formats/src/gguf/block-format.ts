import type { BlockType } from '../tensor-source.ts';

/**
 * One block format: so many elements packed into so many bytes. Both functions take any number of whole blocks, allocate
 * nothing per block, and check the lengths they are given.
 */
export interface BlockFormat<Name extends string = BlockType> {
  readonly name: Name;
  /** The number of the type in a GGUF file. */
  readonly ggmlType: number; // ggml/include/ggml.h, enum ggml_type
  /** Elements of one block. */
  readonly blockSize: number;
  /** Bytes of one block. */
  readonly bytesPerBlock: number;
  /**
   * Unpack blocks.
   * @param bytes u8[n · bytesPerBlock]  @param out f32[n · blockSize] to write to
   * @throws {ShapeError} when the lengths do not fit each other
   */
  dequantize(bytes: Uint8Array, out: Float32Array): void;
  /**
   * Pack values; absent where this package only reads.
   * @param values f32[n · blockSize]  @param out u8[n · bytesPerBlock] to write to
   * @throws {ShapeError} when the lengths do not fit each other
   * @throws {InvalidInputError} on a NaN or an infinity, and when the scale of a block is too large for F16
   */
  readonly quantize?: (values: Float32Array, out: Uint8Array) => void;
}
