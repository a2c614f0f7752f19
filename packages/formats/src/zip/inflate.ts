/** @file Inflating with the platform's own decoder (`DecompressionStream`, in Node and browsers), bounded on both sides. */
import { BitcliffError, FormatError } from '@bitcliff/core';
import type { Place } from '../internal/elements.ts';

/** Bytes given to the decoder at once: some platforms inflate all they were given before they wait for the reader. */
const INPUT_CHUNK = 16 * 1024;

/** Bytes read from the source at once. */
const SOURCE_CHUNK = 1 << 20;

/** Deflated data: its two lengths in bytes, and how to read it. */
export interface Deflated {
  readonly compressedSize: number;
  /** Bytes after inflating; the caller has checked it against a limit. */
  readonly size: number;
  /** Read compressed bytes. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/**
 * Inflate a range of deflated data. Everything before the range is inflated too; what is after it is not, unless the range is the whole.
 * @param offset first byte of the range  @param length bytes, offset + length ≤ size
 * @returns u8[length], fresh memory: no more is allocated for the result, whatever the data says
 * @throws {FormatError} when the data is not deflate, or inflates to more or less than `size`
 */
export async function inflateRange(
  deflated: Deflated,
  offset: number,
  length: number,
  place: Place,
): Promise<Uint8Array> {
  const { size } = deflated;
  const end = offset + length;
  const out = new Uint8Array(length);
  const stream = new DecompressionStream('deflate-raw');
  const feed = feedInto(stream.writable as WritableStream<Uint8Array>, deflated);
  const reader = stream.readable.getReader() as ReadableStreamDefaultReader<Uint8Array>;
  let total = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const from = Math.max(0, offset - total);
      const to = Math.min(value.byteLength, end - total);
      if (to > from) out.set(value.subarray(from, to), total + from - offset);
      total += value.byteLength;
      if (total > size) throw wrongLength(size, `more than ${size}`, place);
      if (end < size && total >= end) return out;
    }
  } catch (error) {
    const cause = feed.failure() ?? error;
    if (BitcliffError.isInstance(cause)) throw cause;
    throw new FormatError({ ...place, problem: 'bad deflate data', expected: 'a deflate stream', cause });
  } finally {
    reader.cancel().catch(() => {}); // frees the decoder; the outcome is already decided
  }
  if (total !== size) throw wrongLength(size, total, place);
  return out;
}

/** Write the compressed bytes into the decoder at the pace of its reader; a failed read of the source is kept for the caller. */
function feedInto(writable: WritableStream<Uint8Array>, deflated: Deflated): { failure(): unknown } {
  const writer = writable.getWriter();
  let failure: unknown;
  const run = async (): Promise<void> => {
    for (let at = 0; at < deflated.compressedSize; at += SOURCE_CHUNK) {
      let block: Uint8Array;
      try {
        block = await deflated.read(at, Math.min(SOURCE_CHUNK, deflated.compressedSize - at));
      } catch (error) {
        failure = error;
        throw error;
      }
      for (let i = 0; i < block.byteLength; i += INPUT_CHUNK) {
        await writer.write(block.subarray(i, i + INPUT_CHUNK));
      }
    }
    await writer.close();
  };
  // a decoder error reaches the reader by itself; abort hands it the error of a failed read
  run().catch((error) => writer.abort(error).catch(() => {}));
  return { failure: () => failure };
}

function wrongLength(expected: number, received: string | number, place: Place): FormatError {
  return new FormatError({
    ...place,
    problem: 'deflated entry has another length than its header says',
    expected: `${expected} bytes`,
    received,
  });
}
