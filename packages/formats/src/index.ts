/**
 * Read and write the files that hold model tensors, from Node and the browser.
 * @packageDocumentation
 */

// tensors at rest
export type { ElementRange, ReadOptions, TensorInfo, TensorSource } from './tensor-source.ts';
export { toFloat32 } from './to-float32.ts';

// bytes at rest
export type { ByteSource } from './byte-source.ts';
export { blobSource } from './blob-source.ts';
export { memorySource } from './memory-source.ts';

// safetensors
export { openSafetensors } from './open-safetensors.ts';
export { openSafetensorsShards } from './open-safetensors-shards.ts';
export { encodeSafetensors } from './encode-safetensors.ts';
export { SAFETENSORS_HEADER_LIMIT } from './safetensors-limits.ts';

// NPY
export { NPY_HEADER_LIMIT, readNpy } from './read-npy.ts';
export { encodeNpy } from './encode-npy.ts';

// 16-bit floats
export { decodeF16, encodeF16, roundToF16 } from './f16.ts';
export { decodeBF16, encodeBF16, roundToBF16 } from './bf16.ts';
