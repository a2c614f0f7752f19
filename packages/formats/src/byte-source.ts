/**
 * A run of bytes that can be read at any offset: memory, a `Blob`, a file.
 * Parsers take this interface, so that the same parser serves Node and the browser.
 */
export interface ByteSource {
  /** What error messages call it, usually the file's path or name. */
  readonly name: string;
  /** Length in bytes, fixed when the source was opened. */
  readonly byteLength: number;
  /**
   * Read exactly `length` bytes.
   * @param offset first byte, 0 ≤ offset ≤ byteLength  @param length bytes, offset + length ≤ byteLength
   * @returns u8[length]; may be a view of the source's own memory, so do not write to it
   * @throws {ShapeError} when the range is not inside the source
   * @throws {FormatError} when the source gives fewer bytes than it promised
   */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Release what the source holds; calling it twice is allowed. */
  close(): Promise<void>;
}
