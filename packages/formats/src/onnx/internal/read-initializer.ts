/** @file One TensorProto of a model: its head is read and checked, its data is found but not read. */
import { type DType, FormatError, UnsupportedError } from '@bitcliff/core';
import type { Place } from '../../internal/elements.ts';
import { describe, quote } from '../../internal/quote.ts';
import { checkExternalData, type ExternalData } from './external-data.ts';
import {
  ONNX_EXTERNAL_ENTRY_LIMIT,
  ONNX_NAME_BYTES_LIMIT,
  ONNX_PIECE_LIMIT,
  ONNX_RANK_LIMIT,
} from './read-limits.ts';
import { sizeOf, storedDataType, TYPED_FIELDS } from './stored-data-types.ts';
import { countBounds, fixedLength, type TypedPiece } from './typed-data.ts';
import { asInt64, asNumber, readVarint, VARINT_BYTES } from './varint.ts';
import { WIRE, type WireField, type WireMessage, type WireReader } from './wire-reader.ts';

/** Where the data of an initializer is. */
export type InitializerData =
  | { readonly kind: 'raw'; readonly offset: number }
  | { readonly kind: 'typed'; readonly field: number; readonly pieces: readonly TypedPiece[] }
  | ({ readonly kind: 'external' } & ExternalData);

/** A checked initializer. */
export interface Initializer {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Elements. */
  readonly count: number;
  readonly byteLength: number;
  readonly data: InitializerData;
}

/** Field numbers of TensorProto, onnx/onnx.proto. */
const FIELD = {
  dims: 1,
  dataType: 2,
  segment: 3,
  stringData: 6,
  name: 8,
  rawData: 9,
  externalData: 13,
  dataLocation: 14,
} as const;

/** What the fields say, before it is checked. */
interface Draft {
  name: string | undefined;
  dims: bigint[];
  dataType: number | undefined;
  raw: WireField | undefined;
  typedField: number | undefined;
  pieces: TypedPiece[];
  external: Map<string, string>;
  location: number | undefined;
  other: string | undefined;
}

/**
 * Read the head of a TensorProto.
 * @param message the TensorProto; `where` is used until its name is known
 * @throws {FormatError} when it is not valid  @throws {UnsupportedError} on a type that is not read
 */
export async function readInitializer(
  reader: WireReader,
  message: WireMessage,
  file: { readonly op: string; readonly path: string },
): Promise<Initializer> {
  const draft = await readFields(reader, message);
  const { name } = draft;
  if (name === undefined || name === '') {
    throw reader.error('initializer without a name', 'a name', describe(name), message.where);
  }
  const place = { op: file.op, where: `tensor ${quote(name)}`, path: file.path };
  if (draft.other === 'segment') {
    const problem = 'tensor in segments';
    throw new UnsupportedError({ ...place, problem, expected: 'the whole tensor', received: 'a segment' });
  }
  const { dtype, typedField } = storedDataType(draft.dataType, place);
  const { shape, count, byteLength } = sizesOf(draft.dims, dtype, place);
  const data = locate(draft, { dtype, typedField, shape, count, byteLength }, place);
  return { name, dtype, shape, count, byteLength, data };
}

async function readFields(reader: WireReader, message: WireMessage): Promise<Draft> {
  const { where } = message;
  const draft: Draft = {
    name: undefined,
    dims: [],
    dataType: undefined,
    raw: undefined,
    typedField: undefined,
    pieces: [],
    external: new Map(),
    location: undefined,
    other: undefined,
  };
  const once = (before: unknown, what: string): void => {
    if (before !== undefined) throw reader.error(`${what} is there twice`, 'once', 'twice', where);
  };
  for await (const field of reader.fields(message)) {
    if (field.number === FIELD.dims) await readDims(reader, field, draft.dims, where);
    else if (field.number === FIELD.dataType) {
      once(draft.dataType, 'data_type');
      reader.requireWire(field, WIRE.varint, 'data_type', where);
      draft.dataType = asNumber(field);
    } else if (field.number === FIELD.name) {
      once(draft.name, 'name');
      draft.name = await reader.text(field, ONNX_NAME_BYTES_LIMIT, 'name of an initializer', where);
    } else if (field.number === FIELD.rawData) {
      once(draft.raw, 'raw_data');
      reader.requireWire(field, WIRE.bytes, 'raw_data', where);
      draft.raw = field;
    } else if (field.number === FIELD.externalData) await readEntry(reader, field, draft.external, where);
    else if (field.number === FIELD.dataLocation) {
      once(draft.location, 'data_location');
      reader.requireWire(field, WIRE.varint, 'data_location', where);
      draft.location = asNumber(field);
    } else if (field.number === FIELD.segment) draft.other = 'segment';
    else if (field.number === FIELD.stringData) draft.other ??= 'string_data';
    else if (TYPED_FIELDS[field.number] !== undefined) addPiece(reader, field, draft, where);
  }
  return draft;
}

async function readDims(reader: WireReader, field: WireField, dims: bigint[], where: string): Promise<void> {
  const tooMany = (received: string | number): FormatError =>
    reader.error('too many dimensions', `at most ${ONNX_RANK_LIMIT}`, received, where);
  if (field.wire !== WIRE.bytes) {
    reader.requireWire(field, WIRE.varint, 'dims', where);
    if (dims.length >= ONNX_RANK_LIMIT) throw tooMany('more');
    dims.push(asInt64(field));
    return;
  }
  const length = field.end - field.start;
  if (length > ONNX_RANK_LIMIT * VARINT_BYTES) throw tooMany(`${length} bytes of them`);
  const bytes = await reader.bytes(field.start, field.end);
  for (let at = 0; at < length; ) {
    const value = readVarint(bytes, at, length);
    if (typeof value !== 'object') {
      throw reader.error('bad varint in dims', 'at most 10 bytes', `it is ${value}`, where);
    }
    if (dims.length >= ONNX_RANK_LIMIT) throw tooMany('more');
    dims.push(asInt64(value));
    at = value.next;
  }
}

/** A StringStringEntryProto: key 1, value 2. */
async function readEntry(
  reader: WireReader,
  field: WireField,
  entries: Map<string, string>,
  where: string,
): Promise<void> {
  reader.requireWire(field, WIRE.bytes, 'external_data', where);
  const [key, value] = await readStringEntry(reader, field, ONNX_NAME_BYTES_LIMIT, 'external_data', where);
  if (entries.has(key)) {
    throw reader.error(`key ${quote(key)} of external_data is there twice`, 'once', 'twice', where);
  }
  if (entries.size >= ONNX_EXTERNAL_ENTRY_LIMIT) {
    throw reader.error(
      'too many entries of external_data',
      `at most ${ONNX_EXTERNAL_ENTRY_LIMIT}`,
      'more',
      where,
    );
  }
  entries.set(key, value);
}

/** Key and value of a StringStringEntryProto; what is missing is empty, as protobuf has it. */
export async function readStringEntry(
  reader: WireReader,
  field: WireField,
  limit: number,
  what: string,
  where: string,
): Promise<[key: string, value: string]> {
  let key = '';
  let value = '';
  for await (const part of reader.fields({ start: field.start, end: field.end, where })) {
    if (part.number === 1) key = await reader.text(part, ONNX_NAME_BYTES_LIMIT, `key of ${what}`, where);
    else if (part.number === 2) value = await reader.text(part, limit, `value of ${what}`, where);
  }
  return [key, value];
}

function addPiece(reader: WireReader, field: WireField, draft: Draft, where: string): void {
  const what = TYPED_FIELDS[field.number]!;
  if (draft.typedField !== undefined && draft.typedField !== field.number) {
    const received = `${TYPED_FIELDS[draft.typedField]} and ${what}`;
    throw reader.error('typed data in two fields', 'one', received, where);
  }
  draft.typedField = field.number;
  const packed = field.wire === WIRE.bytes;
  const size = fixedLength(field.number);
  const wire = size === undefined ? WIRE.varint : size === 4 ? WIRE.fixed32 : WIRE.fixed64;
  if (!packed) reader.requireWire(field, wire, what, where);
  const last = draft.pieces.at(-1);
  if (!packed && last?.packed === false && last.end === field.tagStart) {
    last.end = field.end;
    last.count++;
    return;
  }
  if (draft.pieces.length >= ONNX_PIECE_LIMIT) {
    throw reader.error(`${what} comes in too many pieces`, `at most ${ONNX_PIECE_LIMIT}`, 'more', where);
  }
  const start = packed ? field.start : field.tagStart;
  draft.pieces.push({ packed, start, end: field.end, count: packed ? 0 : 1 });
}

function sizesOf(
  dims: readonly bigint[],
  dtype: DType,
  place: Place,
): { shape: readonly number[]; count: number; byteLength: number } {
  const received = `[${dims.join(', ')}]`;
  if (dims.some((size) => size < 0n)) {
    throw new FormatError({ ...place, problem: 'negative dimension', expected: 'integers from 0', received });
  }
  const count = dims.reduce((product, size) => product * size, 1n);
  const byteLength = count * BigInt(sizeOf(dtype));
  // without the zeros, so that an empty tensor cannot carry sizes that overflow elsewhere
  const span = dims.reduce(
    (product, size) => (size === 0n ? product : product * size),
    BigInt(sizeOf(dtype)),
  );
  if (span > BigInt(Number.MAX_SAFE_INTEGER)) {
    const expected = 'at most 2^53 - 1 bytes';
    throw new FormatError({ ...place, problem: 'shape overflows', expected, received });
  }
  return { shape: Object.freeze(dims.map(Number)), count: Number(count), byteLength: Number(byteLength) };
}

interface Sizes {
  readonly dtype: DType;
  readonly typedField: number;
  readonly shape: readonly number[];
  readonly count: number;
  readonly byteLength: number;
}

/** Where the data is, which must be in one place and fit dtype and shape. */
function locate(draft: Draft, sizes: Sizes, place: Place): InitializerData {
  const { dtype, shape, count, byteLength } = sizes;
  const { raw, typedField, pieces, location = 0 } = draft;
  const inside = [
    ...(raw === undefined ? [] : ['raw_data']),
    ...(typedField === undefined ? [] : [TYPED_FIELDS[typedField]!]),
    ...(draft.other === undefined ? [] : [draft.other]),
  ];
  const fail = (problem: string, expected: string, received: string | number): FormatError =>
    new FormatError({ ...place, problem, expected, received });
  const kind = `${dtype} and shape [${shape.join(', ')}]`;

  if (location === 1) {
    if (inside.length > 0)
      throw fail('external data and data in the model', 'one of them', inside.join(', '));
    return { kind: 'external', ...checkExternalData(draft.external, byteLength, place) };
  }
  if (location !== 0) throw fail('bad data_location', '0, DEFAULT, or 1, EXTERNAL', location);
  if (inside.length > 1) throw fail('data in two fields', 'one', inside.join(', '));
  if (draft.other !== undefined)
    throw fail(`data of a ${dtype} tensor`, TYPED_FIELDS[sizes.typedField]!, draft.other);
  if (raw !== undefined) {
    const length = raw.end - raw.start;
    if (length !== byteLength) throw fail(`raw_data does not fit ${kind}`, `${byteLength} bytes`, length);
    return { kind: 'raw', offset: raw.start };
  }
  if (typedField === undefined) {
    if (count > 0) throw fail(`no data for ${kind}`, `${byteLength} bytes`, 'nothing');
    return { kind: 'typed', field: sizes.typedField, pieces };
  }
  if (typedField !== sizes.typedField) {
    const problem = `typed data of a ${dtype} tensor is in the wrong field`;
    throw fail(problem, TYPED_FIELDS[sizes.typedField]!, TYPED_FIELDS[typedField]!);
  }
  const [least, most] = countBounds(pieces, typedField, place);
  if (count < least || count > most) {
    const received = least === most ? `${least}` : `${least} to ${most}`;
    throw fail(`${TYPED_FIELDS[typedField]} does not fit ${kind}`, `${count} values`, received);
  }
  const [only] = pieces;
  const plain = pieces.length === 1 && only!.packed && fixedLength(typedField) !== undefined;
  return plain ? { kind: 'raw', offset: only!.start } : { kind: 'typed', field: typedField, pieces };
}
