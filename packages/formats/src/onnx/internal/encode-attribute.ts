import { InvalidInputError } from '@bitcliff/core';
import { create } from '@bufbuild/protobuf';
import { bytesOf } from '../../internal/elements.ts';
import { describe } from '../../internal/quote.ts';
import type { OnnxAttribute } from '../onnx-attribute.ts';
import { type AttributeProto, AttributeProtoSchema } from '../onnx-subset.gen.ts';
import { tensorHead } from './tensor-head.ts';

/** Numbers of `AttributeProto.AttributeType`, onnx/onnx.proto. */
const TYPES = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7, strings: 8 } as const;

const utf8 = new TextEncoder();

/**
 * The message of one attribute.
 * @throws {InvalidInputError} when the value is not exactly one of the kinds, or does not fit its kind
 * @throws {UnsupportedError} when a tensor's dtype has no place in a graph
 */
export function encodeAttribute(name: string, attribute: OnnxAttribute, node: string): AttributeProto {
  const where = `attribute ${name} of ${node}`;
  const kinds = Object.keys(attribute);
  const kind = kinds[0];
  if (kinds.length !== 1 || kind === undefined || !Object.hasOwn(TYPES, kind)) {
    const expected = `one of the keys ${Object.keys(TYPES).join(', ')}`;
    const received = kinds.join(', ') || 'none';
    throw new InvalidInputError({
      op: 'OnnxGraph.node',
      problem: 'bad attribute',
      expected,
      received,
      where,
    });
  }
  const proto = create(AttributeProtoSchema, { name, type: TYPES[kind as keyof typeof TYPES] });
  if ('int' in attribute) proto.i = int64(attribute.int, where);
  else if ('float' in attribute) proto.f = float32(attribute.float, where);
  else if ('string' in attribute) proto.s = utf8.encode(attribute.string);
  else if ('ints' in attribute) proto.ints = attribute.ints.map((value) => int64(value, where));
  else if ('floats' in attribute) proto.floats = attribute.floats.map((value) => float32(value, where));
  else if ('strings' in attribute) proto.strings = attribute.strings.map((value) => utf8.encode(value));
  else {
    proto.t = tensorHead(name, attribute.tensor, where);
    proto.t.rawData = bytesOf(attribute.tensor.data);
  }
  return proto;
}

function int64(value: number | bigint, where: string): bigint {
  if (typeof value === 'bigint' ? BigInt.asIntN(64, value) === value : Number.isSafeInteger(value)) {
    return BigInt(value);
  }
  const expected = 'a 64-bit integer (above 2^53 - 1 as a bigint)';
  const received = typeof value === 'bigint' ? `${value}` : describe(value);
  throw new InvalidInputError({ op: 'OnnxGraph.node', problem: 'bad int', expected, received, where });
}

function float32(value: number, where: string): number {
  const rounded = Math.fround(value);
  if (Number.isFinite(rounded) || !Number.isFinite(value)) return rounded;
  const expected = 'a number that fits float32';
  throw new InvalidInputError({
    op: 'OnnxGraph.node',
    problem: 'bad float',
    expected,
    received: value,
    where,
  });
}
