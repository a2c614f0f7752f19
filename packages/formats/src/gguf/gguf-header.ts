import type { StorageType } from '../tensor-source.ts';

/** What the header says about a tensor. */
export interface GgufTensorDescription {
  /** At most 63 bytes of UTF-8, as ggml demands. */
  readonly name: string;
  /** Row-major, at most 4 sizes ≥ 1, the last one a multiple of the type's block size. */
  readonly shape: readonly number[];
  readonly type: StorageType;
}

/** A header, and where each tensor goes. */
export interface GgufHeader {
  /** Everything before the data, padded to the alignment. */
  readonly head: Uint8Array;
  /** Bytes to which the data of every tensor is padded, the last one too. */
  readonly alignment: number;
  /** In the order given: first byte in the file, and bytes without padding. */
  readonly places: readonly { readonly offset: number; readonly byteLength: number }[];
  /** Bytes of the whole file. */
  readonly byteLength: number;
}
