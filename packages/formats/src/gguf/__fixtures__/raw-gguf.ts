/** @file GGUF bytes put together by hand, valid or not; apart from the package's own writer, so that one checks the other. */

/** A string with its length, or with a length that lies. */
export const str = (text: string | Uint8Array, length?: number | bigint): number[] => {
  const bytes = typeof text === 'string' ? new TextEncoder().encode(text) : text;
  return [...u64(length ?? bytes.length), ...bytes];
};

export const u32 = (value: number): number[] => [...new Uint8Array(new Uint32Array([value]).buffer)];
export const u64 = (value: number | bigint): number[] => [
  ...new Uint8Array(new BigUint64Array([BigInt(value)]).buffer),
];

/** Numbers of metadata types. */
export const TYPE = {
  u8: 0,
  u16: 2,
  u32: 4,
  f32: 6,
  bool: 7,
  string: 8,
  array: 9,
  u64: 10,
} as const;

/** A key with the type of its value; the value follows. */
export const key = (name: string | Uint8Array, type: number): number[] => [...str(name), ...u32(type)];

/** An array's element type and length; the elements follow. */
export const array = (of: number, length: number | bigint): number[] => [...u32(of), ...u64(length)];

/** A tensor description. @param ne sizes in the file's order, the contiguous one first */
export const tensor = (
  name: string | Uint8Array,
  ne: readonly (number | bigint)[],
  type: number,
  offset: number | bigint,
): number[] => [...str(name), ...u32(ne.length), ...ne.flatMap(u64), ...u32(type), ...u64(offset)];

/** What a hand-made file says; every count can lie. */
export interface RawGguf {
  readonly magic?: string;
  readonly version?: number;
  readonly tensorCount?: number | bigint;
  readonly keyCount?: number | bigint;
  /** Keys with values, each as bytes. */
  readonly keys?: readonly (readonly number[])[];
  /** Tensor descriptions, each as bytes. */
  readonly tensors?: readonly (readonly number[])[];
  /** Bytes of data after the header, which is padded to 32. */
  readonly dataLength?: number;
}

/** The bytes of a file. */
export function rawGguf(file: RawGguf): Uint8Array {
  const { magic = 'GGUF', version = 3, keys = [], tensors = [], dataLength = 0 } = file;
  const head = [
    ...new TextEncoder().encode(magic),
    ...u32(version),
    ...u64(file.tensorCount ?? tensors.length),
    ...u64(file.keyCount ?? keys.length),
    ...keys.flat(),
    ...tensors.flat(),
  ];
  const padded = dataLength === 0 ? head.length : Math.ceil(head.length / 32) * 32;
  const bytes = new Uint8Array(padded + dataLength);
  bytes.set(head);
  return bytes;
}
