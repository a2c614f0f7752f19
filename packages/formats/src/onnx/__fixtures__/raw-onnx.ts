import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** Bytes of fields, in the order given. */
export type Fields = readonly Uint8Array[];

/** Bytes one after the other. */
export function joined(parts: Fields): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.byteLength;
  }
  return result;
}

/** A field of wire type 2: a message, text or bytes. */
export function lengthField(number: number, content: Fields | Uint8Array | string): Uint8Array {
  const bytes =
    typeof content === 'string'
      ? new TextEncoder().encode(content)
      : content instanceof Uint8Array
        ? content
        : joined(content);
  return new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(bytes).finish();
}

/** A field of wire type 0. */
export const varintField = (number: number, value: number | bigint): Uint8Array =>
  new BinaryWriter().tag(number, WireType.Varint).int64(BigInt(value)).finish();

/** Bytes as they are. */
export const rawBytes = (...bytes: number[]): Uint8Array => new Uint8Array(bytes);

/** Varints one after the other, the content of a packed field. */
export function packedVarints(values: readonly (number | bigint)[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const value of values) writer.int64(BigInt(value));
  return writer.finish();
}

/** A TensorProto: dims, data_type and name, then the fields of its data. */
export function tensorProto(
  name: string,
  dataType: number,
  dims: readonly (number | bigint)[],
  data: Fields,
): Uint8Array {
  return joined([
    ...dims.map((size) => varintField(1, size)),
    varintField(2, dataType),
    lengthField(8, name),
    ...data,
  ]);
}

/** A TensorProto whose data is external. */
export function externalProto(entries: Readonly<Record<string, string>>, name = 'w'): Uint8Array {
  const pairs = Object.entries(entries).map(([key, value]) =>
    lengthField(13, [lengthField(1, key), lengthField(2, value)]),
  );
  return tensorProto(name, 1, [2], [...pairs, varintField(14, 1)]);
}

/** A ModelProto of IR version 10 around the fields of a graph. */
export const modelOfGraph = (graph: Fields): Uint8Array =>
  joined([varintField(1, 10), lengthField(2, 'test'), lengthField(7, graph)]);

/** A ModelProto around initializers. */
export const modelOf = (...initializers: readonly Uint8Array[]): Uint8Array =>
  modelOfGraph([
    lengthField(1, [lengthField(1, 'w'), lengthField(2, 'y'), lengthField(4, 'Identity')]),
    lengthField(2, 'g'),
    ...initializers.map((initializer) => lengthField(5, initializer)),
  ]);

/** A model with fields after it. */
export const modelWith = (...fields: Fields): Uint8Array => joined([modelOf(), ...fields]);
