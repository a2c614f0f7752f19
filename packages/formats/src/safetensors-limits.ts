/** Bytes of the little-endian integer that opens a file: the header's length. */
export const SAFETENSORS_LENGTH_BYTES = 8; // safetensors README, "Format": N

/** Longest header, in bytes. */
export const SAFETENSORS_HEADER_LIMIT = 100_000_000; // safetensors/src/tensor.rs, MAX_HEADER_SIZE
