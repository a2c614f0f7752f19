/** Little-endian bytes, appended; the memory doubles when it is full. */
export class ByteWriter {
  private memory = new Uint8Array(4096);
  private readonly encoder = new TextEncoder();
  /** Bytes written so far. */
  length = 0;

  u32(value: number): void {
    this.reserve(4);
    new DataView(this.memory.buffer).setUint32(this.length, value, true);
    this.length += 4;
  }

  /** @param value integer in [0, 2^53) */
  u64(value: number): void {
    this.u32(value % 2 ** 32);
    this.u32(Math.floor(value / 2 ** 32));
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.memory.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A string as GGUF has them: its length in 8 bytes, then UTF-8. @returns bytes of the text */
  string(text: string): number {
    this.reserve(8 + text.length * 3); // no UTF-16 unit needs more than 3 bytes
    const { written } = this.encoder.encodeInto(text, this.memory.subarray(this.length + 8));
    this.u64(written);
    this.length += written;
    return written;
  }

  /** Zeros up to a multiple of `alignment`. */
  pad(alignment: number): void {
    const zeros = (alignment - (this.length % alignment)) % alignment;
    this.bytes(new Uint8Array(zeros));
  }

  /** The bytes written; a view, so write nothing after. */
  result(): Uint8Array {
    return this.memory.subarray(0, this.length);
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.memory.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.memory.length));
    larger.set(this.memory.subarray(0, this.length));
    this.memory = larger;
  }
}
