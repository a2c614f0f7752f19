/** @file What opening a PyTorch checkpoint may cost. A tensor takes about 40 opcodes, 5 containers and 10 memo entries of the pickle. */

/** Longest pickle (`data.pkl`), in bytes. */
export const TORCH_PICKLE_LIMIT = 67_108_864; // 64 MiB

/** Most opcodes that are run. */
export const TORCH_OPCODE_LIMIT = 8_000_000;

/** Most lists, tuples, dicts, storages and tensors that are made. */
export const TORCH_CONTAINER_LIMIT = 1_000_000;

/** Most values that the memo keeps. */
export const TORCH_MEMO_LIMIT = 2_000_000;

/** Longest integer, in bytes. */
export const TORCH_INTEGER_LIMIT = 255;

/** Longest module or attribute name of a global, in bytes. */
export const TORCH_GLOBAL_LIMIT = 512;

/** Deepest nesting of the checkpoint's dicts and lists. */
export const TORCH_DEPTH_LIMIT = 64;

/** Most values that flattening visits; a value that is shared counts at each of its places. */
export const TORCH_VALUE_LIMIT = 1_000_000;

/** Longest names and metadata together, in UTF-16 units. */
export const TORCH_TEXT_LIMIT = 33_554_432; // 32 Mi

/** Most axes of a tensor. */
export const TORCH_RANK_LIMIT = 64;

/** Largest tensor that repeats elements of its storage (an expanded view), in bytes: more than the file holds. */
export const TORCH_EXPANDED_LIMIT = 268_435_456; // 256 MiB
