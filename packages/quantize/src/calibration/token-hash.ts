/**
 * SHA-256 of calibration sequences, for records: of each sequence its length and its ids, as 32-bit little-endian integers, in order.
 * @param sequences ids, integers in [0, 2^32)
 * @returns 64 hexadecimal digits
 */
export async function tokenHash(sequences: readonly ArrayLike<number>[]): Promise<string> {
  const words = sequences.reduce((sum, sequence) => sum + 1 + sequence.length, 0);
  const bytes = new DataView(new ArrayBuffer(4 * words));
  let at = 0;
  const put = (value: number): void => {
    bytes.setUint32(at, value, true);
    at += 4;
  };
  for (const sequence of sequences) {
    put(sequence.length);
    for (let i = 0; i < sequence.length; i++) put(sequence[i]!);
  }
  const digest = await globalThis.crypto.subtle.digest('SHA-256', bytes);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
