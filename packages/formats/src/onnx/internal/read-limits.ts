/** @file What a model may ask of the reader; every limit is far above what exporters write. */

/** Most initializers of a graph. */
export const ONNX_INITIALIZER_LIMIT = 100_000;

/** Most dimensions of an initializer. */
export const ONNX_RANK_LIMIT = 64;

/** Longest name of an initializer, of an external file or of a metadata key, in bytes. */
export const ONNX_NAME_BYTES_LIMIT = 65_535;

/** Most bytes of a model's metadata together: producer, operator sets and `metadata_props`. */
export const ONNX_TEXT_LIMIT = 16_777_216; // 16 MiB

/** Most entries of `metadata_props`, and of the operator sets. */
export const ONNX_METADATA_LIMIT = 10_000;

/** Most key and value pairs of one initializer's `external_data`. */
export const ONNX_EXTERNAL_ENTRY_LIMIT = 64;

/** Most external files of a model; each stays open. */
export const ONNX_EXTERNAL_FILE_LIMIT = 10_000;

/** Most protobuf fields that are looked at: nodes, initializers, their fields, and typed data that is not packed. */
export const ONNX_FIELD_LIMIT = 16_000_000;

/** Most pieces that the typed data of one initializer comes in. */
export const ONNX_PIECE_LIMIT = 1024;
