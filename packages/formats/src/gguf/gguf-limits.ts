/** @file The limits of the GGUF reader and writer. A header is untrusted: nothing is allocated that these do not allow. */

/** Default of `general.alignment`, in bytes. */
export const GGUF_ALIGNMENT = 32; // ggml/docs/gguf.md, general.alignment

/** Largest alignment, in bytes: the largest memory page in common use (64 KiB, Arm). */
export const GGUF_ALIGNMENT_LIMIT = 65_536;

/** Longest header, in bytes: everything before the tensor data. The limit of safetensors; the largest vocabularies need 20 MB. */
export const GGUF_HEADER_LIMIT = 100_000_000;

/** Most tensors. The largest published models have about 50,000 when their experts are stored one by one. */
export const GGUF_TENSOR_LIMIT = 100_000;

/** Most metadata keys. Files in use have under 100. */
export const GGUF_KEY_LIMIT = 100_000;

/** Longest key, in bytes. */
export const GGUF_KEY_BYTES_LIMIT = 65_535; // ggml/docs/gguf.md, gguf_metadata_kv_t

/** Longest string value, in bytes. Chat templates, the longest in use, have some 10,000. */
export const GGUF_STRING_BYTES_LIMIT = 16_777_216;

/** Most elements of one array. The largest vocabularies have 300,000 tokens and 600,000 merges. */
export const GGUF_ARRAY_LIMIT = 16_777_216;

/** Deepest nesting of arrays: an array of arrays has depth 2. ggml itself reads depth 1 only. */
export const GGUF_ARRAY_DEPTH_LIMIT = 4;

/** Most arrays of one file, the inner ones of nested arrays counted: each is an object of some 200 bytes here. */
export const GGUF_ARRAY_COUNT_LIMIT = 200_000;

/** Longest tensor name, in bytes. ggml refuses the 64th byte, so the writer does too. */
export const GGUF_TENSOR_NAME_LIMIT = 64; // ggml/docs/gguf.md, gguf_tensor_info_t

/** Most dimensions of a tensor. ggml has 4, which is what the writer allows; twice that is read. */
export const GGUF_DIMENSION_LIMIT = 8;
