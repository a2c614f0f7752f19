/**
 * @file Elements that a TensorProto holds one by one: float_data, int32_data, int64_data, double_data, uint64_data. Parsers must take
 * them packed (one field of all values) and not packed (a field per value), and both mixed: protobuf.dev, "Packed repeated fields".
 */
import { type DType, FormatError } from '@bitcliff/core';
import type { ByteSource } from '../../byte-source.ts';
import type { Place } from '../../internal/elements.ts';
import { sizeOf } from './stored-data-types.ts';
import { asInt64, readVarint, VARINT_BYTES, type Varint } from './varint.ts';

/** A run of typed data: the content of a packed field, or neighbouring fields of one value each, tags included. */
export interface TypedPiece {
  readonly packed: boolean;
  readonly start: number;
  end: number;
  /** Values of a run that is not packed; of packed ones 0. */
  count: number;
}

/** Bytes of a value when it has a fixed length; varints have none. */
const FIXED: Readonly<Record<number, number>> = { 4: 4, 10: 8 }; // float_data, double_data

/** Whether the values of a typed field have a fixed length: it, or undefined for varints. */
export const fixedLength = (field: number): number | undefined => FIXED[field];

/**
 * Fewest and most values of the pieces, known without reading them.
 * @throws {FormatError} when a packed field of fixed values holds a part of one
 */
export function countBounds(pieces: readonly TypedPiece[], field: number, place: Place): [number, number] {
  const size = fixedLength(field);
  let least = 0;
  let most = 0;
  for (const { packed, start, end, count } of pieces) {
    const length = end - start;
    if (size !== undefined && packed && length % size !== 0) {
      const expected = `a multiple of ${size} bytes`;
      throw new FormatError({ ...place, problem: 'packed data is cut', expected, received: length });
    }
    least += packed ? Math.ceil(length / (size ?? VARINT_BYTES)) : count;
    most += packed ? length / (size ?? 1) : count;
  }
  return [least, most];
}

/** Least and greatest value of dtypes that are stored as int32 or uint64, and are narrower. */
const RANGES: Readonly<Partial<Record<DType, readonly [number, number]>>> = {
  U8: [0, 255],
  I8: [-128, 127],
  U16: [0, 65_535],
  I16: [-32_768, 32_767],
  BOOL: [0, 1],
  F16: [0, 65_535],
  BF16: [0, 65_535],
  F8_E4M3: [0, 255],
  F8_E5M2: [0, 255],
  U32: [0, 4_294_967_295],
};

/**
 * Read and decode typed data.
 * @param count elements of the tensor, at most what {@link countBounds} allows
 * @returns u8[count · element size], little-endian
 * @throws {FormatError} on another count, a bad varint, or a value outside the dtype
 */
export async function readTypedData(
  source: ByteSource,
  pieces: readonly TypedPiece[],
  { field, dtype, count, place }: { field: number; dtype: DType; count: number; place: Place },
): Promise<Uint8Array> {
  const size = sizeOf(dtype);
  const result = new Uint8Array(count * size);
  const view = new DataView(result.buffer);
  const fixed = fixedLength(field);
  let done = 0;
  const next = (): number => {
    if (done < count) return done++;
    const expected = `${count} values`;
    throw new FormatError({ ...place, problem: 'data is longer than the shape', expected, received: 'more' });
  };
  for (const { packed, start, end } of pieces) {
    const bytes = await source.read(start, end - start);
    if (fixed !== undefined && packed) {
      result.set(bytes, done * size);
      done += bytes.byteLength / size;
      continue;
    }
    let at = 0;
    while (at < bytes.byteLength) {
      if (!packed) at = varint(bytes, at, place).next; // the tag, which was checked when the file was opened
      if (fixed !== undefined) {
        result.set(bytes.subarray(at, at + fixed), next() * fixed);
        at += fixed;
      } else {
        const value = varint(bytes, at, place);
        write(view, next(), dtype, value, place);
        at = value.next;
      }
    }
  }
  if (done === count) return result;
  const expected = `${count} values`;
  throw new FormatError({ ...place, problem: 'data is shorter than the shape', expected, received: done });
}

function varint(bytes: Uint8Array, at: number, place: Place): Varint {
  const value = readVarint(bytes, at, bytes.byteLength);
  if (typeof value === 'object') return value;
  const expected = `at most ${VARINT_BYTES} bytes and 64 bits, inside the data`;
  const received = value === 'cut' ? 'the end of the data' : 'more';
  throw new FormatError({ ...place, problem: 'bad varint in the data', expected, received });
}

function write(view: DataView, index: number, dtype: DType, value: Varint, place: Place): void {
  if (dtype === 'I64' || dtype === 'U64') {
    view.setUint32(index * 8, value.low, true);
    view.setUint32(index * 8 + 4, value.high, true);
    return;
  }
  // int32_data as protobuf reads it, the low 32 bits; uint64_data of a U32 must not have more
  const number = dtype === 'U32' ? value.high * 2 ** 32 + value.low : value.low | 0;
  const [least, greatest] = RANGES[dtype] ?? [-(2 ** 31), 2 ** 31 - 1];
  if (number < least || number > greatest) {
    throw new FormatError({
      ...place,
      problem: `element ${index} does not fit ${dtype}`,
      expected: `${least} to ${greatest}`,
      received: dtype === 'U32' ? `${BigInt.asUintN(64, asInt64(value))}` : number,
    });
  }
  const size = sizeOf(dtype);
  if (size === 1) view.setInt8(index, number);
  else if (size === 2) view.setInt16(index * 2, number, true);
  else view.setInt32(index * 4, number, true);
}
