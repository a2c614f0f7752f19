/** @file Where everything goes in a GGUF file, and the header that says so; shared by both writers. Version 3, little-endian. */
import { InvalidInputError } from '@bitcliff/core';
import { requireLittleEndian } from '../../internal/little-endian.ts';
import { describe, quote } from '../../internal/quote.ts';
import type { GgufHeader, GgufTensorDescription } from '../gguf-header.ts';
import { GGUF_ALIGNMENT, GGUF_ALIGNMENT_LIMIT, GGUF_KEY_LIMIT, GGUF_TENSOR_LIMIT } from '../gguf-limits.ts';
import type { GgufValue } from '../gguf-value.ts';
import { ByteWriter } from './byte-writer.ts';
import { checkDescription } from './check-description.ts';
import { encodeField } from './encode-value.ts';
import { numberOfType } from './tensor-types.ts';

const VERSION = 3;

/** Lay out a file. @throws {InvalidInputError} on a value, name, shape or type that the format or ggml cannot hold */
export function layoutGguf(
  op: string,
  fields: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensorDescription[],
): GgufHeader {
  requireLittleEndian(op);
  const alignment = alignmentOf(op, fields);
  requireAtMost(op, 'tensors', tensors.length, GGUF_TENSOR_LIMIT);
  requireAtMost(op, 'metadata keys', fields.size, GGUF_KEY_LIMIT);
  const writer = new ByteWriter();
  writer.bytes(new TextEncoder().encode('GGUF'));
  writer.u32(VERSION);
  writer.u64(tensors.length);
  writer.u64(fields.size);
  for (const [key, value] of fields) encodeField(writer, key, value, op);

  const names = new Set<string>();
  const lengths: number[] = [];
  const offsets: number[] = [];
  let dataLength = 0;
  for (const tensor of tensors) {
    const byteLength = checkDescription(op, tensor, names);
    writer.string(tensor.name);
    writer.u32(tensor.shape.length);
    for (const size of [...tensor.shape].reverse()) writer.u64(size);
    writer.u32(numberOfType(tensor.type)!); // checked above
    writer.u64(dataLength);
    offsets.push(dataLength);
    lengths.push(byteLength);
    dataLength += Math.ceil(byteLength / alignment) * alignment;
    requireAtMost(op, 'bytes of data', dataLength, Number.MAX_SAFE_INTEGER);
  }
  writer.pad(alignment);
  const head = writer.result();
  const places = lengths.map((byteLength, i) => ({ offset: head.length + offsets[i]!, byteLength }));
  return { head, alignment, places, byteLength: head.length + dataLength };
}

/** Refuse data of another length than the header will say. @throws {InvalidInputError} */
export function requireDataLength(op: string, name: string, expected: number, data: Uint8Array): void {
  if (data instanceof Uint8Array && data.length === expected) return;
  throw new InvalidInputError({
    op,
    problem: 'data does not fit the type and the shape',
    expected: `a Uint8Array of ${expected} bytes`,
    received: data instanceof Uint8Array ? data.length : typeof data,
    where: `tensor ${quote(name)}`,
  });
}

function alignmentOf(op: string, fields: ReadonlyMap<string, GgufValue>): number {
  const field = fields.get('general.alignment');
  if (field === undefined) return GGUF_ALIGNMENT;
  const { type, value } = field;
  if (type === 'u32' && value >= 8 && value <= GGUF_ALIGNMENT_LIMIT && Math.log2(value) % 1 === 0)
    return value;
  throw new InvalidInputError({
    op,
    problem: 'bad alignment',
    expected: `a u32, a power of two from 8 to ${GGUF_ALIGNMENT_LIMIT}`,
    received: type === 'u32' ? describe(value) : type,
    where: 'key "general.alignment"',
  });
}

function requireAtMost(op: string, what: string, count: number, limit: number): void {
  if (count <= limit) return;
  throw new InvalidInputError({
    op,
    problem: `too many ${what}`,
    expected: `at most ${limit}`,
    received: count,
  });
}
