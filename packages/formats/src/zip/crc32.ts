/** @file CRC-32 as zip has it (reflected polynomial 0xedb88320), eight bytes per step ("slicing by 8"). */

type Table = Uint32Array;

/** Table k holds the checksum of one byte that k bytes of zeros follow. */
const TABLES: readonly [Table, Table, Table, Table, Table, Table, Table, Table] = makeTables();

/**
 * The CRC-32 of bytes.
 * @param bytes u8[n]  @param seed the checksum of the bytes before, for a checksum in pieces @default 0
 * @returns integer in [0, 2^32)
 * @see APPNOTE.TXT 4.4.7
 * @example
 * crc32(new TextEncoder().encode('123456789')); // 0xcbf43926
 */
export function crc32(bytes: Uint8Array, seed = 0): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = TABLES;
  let crc = ~seed;
  let i = 0;
  for (const end = bytes.length - 7; i < end; i += 8) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc =
      t7[crc & 0xff]! ^
      t6[(crc >>> 8) & 0xff]! ^
      t5[(crc >>> 16) & 0xff]! ^
      t4[crc >>> 24]! ^
      t3[bytes[i + 4]!]! ^
      t2[bytes[i + 5]!]! ^
      t1[bytes[i + 6]!]! ^
      t0[bytes[i + 7]!]!;
  }
  for (; i < bytes.length; i++) crc = t0[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

function makeTables(): [Table, Table, Table, Table, Table, Table, Table, Table] {
  const t0 = Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) * 0xedb88320);
    return crc;
  });
  const next = (table: Table): Table => table.map((crc) => t0[crc & 0xff]! ^ (crc >>> 8));
  const t1 = next(t0);
  const t2 = next(t1);
  const t3 = next(t2);
  const t4 = next(t3);
  const t5 = next(t4);
  const t6 = next(t5);
  return [t0, t1, t2, t3, t4, t5, t6, next(t6)];
}
