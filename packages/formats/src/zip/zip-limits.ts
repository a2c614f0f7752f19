/** Most entries of a zip archive. */
export const ZIP_ENTRY_LIMIT = 500_000;

/** Longest central directory, in bytes. */
export const ZIP_DIRECTORY_LIMIT = 67_108_864; // 64 MiB

/** Largest deflated entry, in bytes after inflating: the most memory that reading one takes. Stored entries have no such limit. */
export const ZIP_INFLATED_LIMIT = 1_073_741_824; // 1 GiB

/** Most bytes that one byte of a deflated entry may stand for. More is impossible: a 258-byte match costs two bits or more. */
export const ZIP_RATIO_LIMIT = 1032; // zlib.net/zlib_tech.html, "Maximum Compression Factor"
