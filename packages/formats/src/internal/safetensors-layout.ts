/** @file Where each tensor goes in a safetensors file, and the header that says so; shared by all writers. */
import {
  bytesPerElement,
  type DType,
  elementCount,
  InvalidInputError,
  isDType,
  UnsupportedError,
} from '@bitcliff/core';
import { SAFETENSORS_HEADER_LIMIT, SAFETENSORS_LENGTH_BYTES } from '../safetensors-limits.ts';
import { requireLittleEndian } from './little-endian.ts';
import { describe, quote } from './quote.ts';
import { METADATA_KEY } from './safetensors-header.ts';

/** Order of dtypes in the data, widest alignment first: the reverse of `enum Dtype` in safetensors/src/tensor.rs. */
const DTYPE_ORDER: readonly DType[] = [
  'U64',
  'I64',
  'F64',
  'F32',
  'U32',
  'I32',
  'BF16',
  'F16',
  'U16',
  'I16',
  'F8_E4M3',
  'F8_E5M2',
  'I8',
  'U8',
  'BOOL',
];

/** What the header says of a tensor, save its place; a `Tensor` is one. */
export interface TensorSpec {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** A tensor in its place: right after the one before it. */
export interface PlacedTensor {
  readonly name: string;
  readonly byteLength: number;
}

/** A file in order: its head, then the data of each tensor. */
export interface SafetensorsLayout {
  /** Header length and padded header. */
  readonly head: Uint8Array;
  readonly tensors: readonly PlacedTensor[];
  readonly byteLength: number;
}

/**
 * Lay out a file. Equal input gives equal bytes, whatever the order of the map or of the metadata's keys.
 * @throws {InvalidInputError} on a name or metadata that the format cannot hold
 * @throws {ShapeError} on a shape that is not one
 * @throws {UnsupportedError} when the header would be longer than readers accept
 */
export function layoutSafetensors(
  op: string,
  tensors: ReadonlyMap<string, TensorSpec>,
  metadata?: Readonly<Record<string, string>>,
): SafetensorsLayout {
  requireLittleEndian(op);
  for (const [name, tensor] of tensors) checkTensorSpec(op, name, tensor);
  const ordered = [...tensors].sort(
    ([nameA, a], [nameB, b]) =>
      DTYPE_ORDER.indexOf(a.dtype) - DTYPE_ORDER.indexOf(b.dtype) || compareCodePoints(nameA, nameB),
  );
  // the text is put together by hand: an object would move names that look like integers to the front
  const entries = metadata === undefined ? [] : [`"${METADATA_KEY}":${metadataText(op, metadata)}`];
  const placed: PlacedTensor[] = [];
  let offset = 0;
  for (const [name, tensor] of ordered) {
    const byteLength = elementCount(tensor.shape) * bytesPerElement(tensor.dtype);
    const end = offset + byteLength;
    const fields = `"dtype":"${tensor.dtype}","shape":[${tensor.shape.join(',')}],"data_offsets":[${offset},${end}]`;
    entries.push(`${JSON.stringify(name)}:{${fields}}`);
    placed.push({ name, byteLength });
    offset = end;
  }
  const head = encodeHead(op, `{${entries.join(',')}}`);
  return { head, tensors: placed, byteLength: head.byteLength + offset };
}

/** Refuse a name or a dtype that the format cannot hold. @throws {InvalidInputError} */
export function checkTensorSpec(op: string, name: string, tensor: TensorSpec): void {
  const where = `tensor ${quote(name)}`;
  if (name === METADATA_KEY || !name.isWellFormed()) {
    const expected = `well-formed Unicode other than ${METADATA_KEY}`;
    throw new InvalidInputError({ op, problem: 'bad tensor name', expected, received: quote(name), where });
  }
  if (!isDType(tensor.dtype)) {
    const expected = 'a Tensor of a known dtype';
    throw new InvalidInputError({
      op,
      problem: 'not a tensor',
      expected,
      received: describe(tensor.dtype),
      where,
    });
  }
}

function metadataText(op: string, metadata: Readonly<Record<string, string>>): string {
  const entries = Object.entries(metadata).sort(([a], [b]) => compareCodePoints(a, b));
  for (const [key, value] of entries) {
    if (typeof value === 'string' && value.isWellFormed() && key.isWellFormed()) continue;
    throw new InvalidInputError({
      op,
      problem: 'bad metadata value',
      expected: 'a string of well-formed Unicode',
      received: describe(value),
      where: `key ${quote(key)}`,
    });
  }
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
}

/** Length and header, padded with spaces so that the data starts at a multiple of 8. */
function encodeHead(op: string, json: string): Uint8Array {
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.byteLength / 8) * 8;
  if (length > SAFETENSORS_HEADER_LIMIT) {
    const expected = `at most ${SAFETENSORS_HEADER_LIMIT} bytes`;
    throw new UnsupportedError({ op, problem: 'header would be over the limit', expected, received: length });
  }
  const head = new Uint8Array(SAFETENSORS_LENGTH_BYTES + length).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true);
  head.set(text, SAFETENSORS_LENGTH_BYTES);
  return head;
}

/** Order of UTF-8 bytes, which is the order of code points; plain `<` would compare UTF-16 units. */
function compareCodePoints(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < left.length && i < right.length; i++) {
    if (left[i] !== right[i]) return left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!;
  }
  return left.length - right.length;
}
