import type { DType, Tensor } from '@bitcliff/core';

/** A format that packs blocks of elements with shared scales, spelled as ggml spells it (see gguf/block-formats). */
export type BlockType =
  | 'Q4_0'
  | 'Q4_1'
  | 'Q5_0'
  | 'Q5_1'
  | 'Q8_0'
  | 'Q2_K'
  | 'Q3_K'
  | 'Q4_K'
  | 'Q5_K'
  | 'Q6_K'
  | 'IQ4_NL'
  | 'MXFP4';

/** How a tensor's elements are stored: one by one, or in blocks. */
export type StorageType = DType | BlockType;

/** What a file says about one tensor, known without reading its data. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: StorageType;
  /** Row-major; `[]` is a scalar. */
  readonly shape: readonly number[];
  /** Bytes of the tensor's data. */
  readonly byteLength: number;
}

/** A part of a flattened tensor: elements start, start + 1, …, end − 1. */
export interface ElementRange {
  /** First element, 0 ≤ start ≤ end. */
  readonly start: number;
  /** One past the last element, at most the element count. */
  readonly end: number;
}

/** How to read one tensor. */
export interface ReadOptions {
  /** Read only these elements of the flattened tensor; the result has shape [end − start]. @default the whole tensor */
  readonly range?: ElementRange | undefined;
}

/** Named tensors at rest, in one file or several. Names and shapes are known at once; data is read when asked for. */
export interface TensorSource {
  /** What error messages call it, usually the file's path. */
  readonly name: string;
  /** Free text that the file carries beside its tensors. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Names of all tensors, in the order of the file's header. */
  names(): readonly string[];
  /** True when there is a tensor of this name. */
  has(name: string): boolean;
  /** @throws {NotFoundError} when there is no such tensor; the message names the nearest known names */
  info(name: string): TensorInfo;
  /**
   * Read a tensor, or a range of it.
   * @returns in the stored dtype; a view of the source's memory where alignment allows (memory sources), so do not write to it
   * @throws {NotFoundError} when there is no such tensor
   * @throws {ShapeError} when the range is not inside the tensor
   * @throws {FormatError} when the data cannot be what the header says
   * @throws {UnsupportedError} when it is stored in blocks; `readFloat32` dequantizes it, `readBytes` gives its blocks
   */
  read(name: string, options?: ReadOptions): Promise<Tensor>;
  /**
   * Read a tensor, or a range of it, as float32. F16, BF16, F8_E4M3 and F8_E5M2 are widened exactly; F64 is rounded to nearest even; block
   * types are dequantized, for which the whole blocks around the range are read.
   * @returns f32[count]; may be a view, as for `read`
   * @throws {UnsupportedError} when the dtype is not F64, F32, F16, BF16 or a block type
   */
  readFloat32(name: string, options?: ReadOptions): Promise<Float32Array>;
  /**
   * Read the bytes of a whole tensor as they are stored, whatever its type.
   * @returns u8[info(name).byteLength]; may be a view of the source's memory, so do not write to it
   * @throws {NotFoundError} when there is no such tensor
   */
  readBytes(name: string): Promise<Uint8Array>;
  /** Close the byte sources below. */
  close(): Promise<void>;
}
