/**
 * Read and write the files that hold model tensors, from Node and the browser.
 * @packageDocumentation
 */

// any tensor file
export { DETECT_BYTES, detectFormat, openTensorSource, type TensorFileFormat } from './open-tensors.ts';

// tensors at rest
export type {
  BlockType,
  ElementRange,
  ReadOptions,
  StorageType,
  TensorInfo,
  TensorSource,
} from './tensor-source.ts';
export { toFloat32 } from './to-float32.ts';
export { type StatisticsOptions, type TensorStatistics, tensorStatistics } from './tensor-statistics.ts';

// bytes at rest
export type { ByteSource } from './byte-source.ts';
export { blobSource } from './blob-source.ts';
export { HttpError } from './http-error.ts';
export { type HttpSourceOptions, httpSource } from './http-source.ts';
export { memorySource } from './memory-source.ts';

// safetensors
export { openSafetensors } from './open-safetensors.ts';
export { openSafetensorsShards } from './open-safetensors-shards.ts';
export { encodeSafetensors } from './encode-safetensors.ts';
export { SAFETENSORS_HEADER_LIMIT } from './safetensors-limits.ts';

// GGUF
export { type GgufFile, openGguf } from './gguf/open-gguf.ts';
export type { GgufArray, GgufNumberArrays, GgufNumberType, GgufValue } from './gguf/gguf-value.ts';
export { ggufNumber } from './gguf/gguf-number.ts';
export {
  encodeGguf,
  encodeGgufHeader,
  GGUF_QUANTIZATION_VERSION,
  type GgufTensor,
} from './gguf/encode-gguf.ts';
export type { GgufHeader, GgufTensorDescription } from './gguf/gguf-header.ts';
export {
  dequantizeBlocks,
  type QuantizableType,
  quantizeBlocks,
  type QuantizeBlocksOptions,
} from './gguf/quantize-blocks.ts';
export type { BlockFormat } from './gguf/block-format.ts';
export { BLOCK_FORMATS, isBlockType } from './gguf/block-formats.ts';
export {
  GGUF_ALIGNMENT,
  GGUF_ALIGNMENT_LIMIT,
  GGUF_ARRAY_COUNT_LIMIT,
  GGUF_ARRAY_DEPTH_LIMIT,
  GGUF_ARRAY_LIMIT,
  GGUF_DIMENSION_LIMIT,
  GGUF_HEADER_LIMIT,
  GGUF_KEY_BYTES_LIMIT,
  GGUF_KEY_LIMIT,
  GGUF_STRING_BYTES_LIMIT,
  GGUF_TENSOR_LIMIT,
  GGUF_TENSOR_NAME_LIMIT,
} from './gguf/gguf-limits.ts';

// PyTorch checkpoints
export { openTorch } from './torch/open-torch.ts';
export { openTorchShards } from './torch/open-torch-shards.ts';
export {
  TORCH_CONTAINER_LIMIT,
  TORCH_DEPTH_LIMIT,
  TORCH_EXPANDED_LIMIT,
  TORCH_GLOBAL_LIMIT,
  TORCH_INTEGER_LIMIT,
  TORCH_MEMO_LIMIT,
  TORCH_OPCODE_LIMIT,
  TORCH_PICKLE_LIMIT,
  TORCH_RANK_LIMIT,
  TORCH_TEXT_LIMIT,
  TORCH_VALUE_LIMIT,
} from './torch/torch-limits.ts';

// NPY
export { NPY_HEADER_LIMIT, readNpy } from './read-npy.ts';
export { NPY_TENSOR_NAME, openNpy } from './open-npy.ts';
export { encodeNpy } from './encode-npy.ts';

// NPZ
export { NPZ_ARRAY_LIMIT, openNpz } from './npz/open-npz.ts';
export { encodeNpz } from './npz/encode-npz.ts';
export {
  ZIP_DIRECTORY_LIMIT,
  ZIP_ENTRY_LIMIT,
  ZIP_INFLATED_LIMIT,
  ZIP_RATIO_LIMIT,
} from './zip/zip-limits.ts';

// 16-bit floats
export { decodeF16, encodeF16, roundToF16 } from './f16.ts';
export { decodeBF16, encodeBF16, roundToBF16 } from './bf16.ts';

// 8-bit and smaller floats
export type { OverflowMode } from './dtypes/overflow-mode.ts';
export { decodeF8E4M3, encodeF8E4M3, F8_E4M3_MAX, roundToF8E4M3 } from './dtypes/f8-e4m3.ts';
export { decodeF8E5M2, encodeF8E5M2, F8_E5M2_MAX, roundToF8E5M2 } from './dtypes/f8-e5m2.ts';
export { decodeE2M1, E2M1_MAX, encodeE2M1 } from './dtypes/e2m1.ts';
export { decodeE8M0, E8M0_BIAS, type E8M0Rounding, encodeE8M0 } from './dtypes/e8m0.ts';

// packed integers
export {
  packBits,
  type PackBitsOptions,
  type PackedBits,
  packedByteLength,
  unpackBits,
  type UnpackBitsOptions,
  unpackSignedBits,
} from './dtypes/pack-bits.ts';
export {
  type NibbleOrder,
  packNibbles,
  type PackNibblesOptions,
  unpackNibbles,
  type UnpackNibblesOptions,
  unpackSignedNibbles,
} from './dtypes/pack-nibbles.ts';
