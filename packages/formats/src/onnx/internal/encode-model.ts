/**
 * @file A ModelProto put together from encoded parts, so that each initializer's data is copied once, into the result.
 * The general encoder would grow one buffer by doubling, move the data at every level of nesting, and copy the result.
 * The bytes are the same: fields are written in the order of their numbers.
 */

import { type Tensor, UnsupportedError } from '@bitcliff/core';
import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { bytesOf } from '../../internal/elements.ts';
import { ONNX_BYTE_LIMIT } from '../onnx-limits.ts';
import {
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  OperatorSetIdProtoSchema,
  TensorProtoSchema,
  type ValueInfoProto,
} from '../onnx-subset.gen.ts';
import { externalTensor, tensorHead } from './tensor-head.ts';

const MODEL_GRAPH = 7; // field numbers of onnx/onnx.proto
const GRAPH_INITIALIZER = 5;
const TENSOR_RAW_DATA = 9;

/** A graph in parts, checked by `OnnxGraph`. */
export interface ModelParts {
  readonly irVersion: bigint;
  readonly producerName: string;
  readonly graphName: string;
  readonly nodes: readonly NodeProto[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  /** Names of the initializers whose data stays outside the model, in a file of the same name. */
  readonly external: ReadonlySet<string>;
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  readonly opsets: readonly { readonly domain: string; readonly version: bigint }[];
}

/** @throws {UnsupportedError} when the model would be over {@link ONNX_BYTE_LIMIT} bytes */
export function encodeModel(parts: ModelParts): Uint8Array {
  // refuse before the encoder below builds anything large
  let dataBytes = 0;
  for (const [name, tensor] of parts.initializers) {
    if (!parts.external.has(name)) dataBytes += tensor.data.byteLength;
  }
  checkLength(dataBytes, parts.graphName);

  const { irVersion, producerName } = parts;
  const graphHead = create(GraphProtoSchema, { node: [...parts.nodes], name: parts.graphName });
  const graphTail = create(GraphProtoSchema, { input: [...parts.inputs], output: [...parts.outputs] });
  const opsetImport = parts.opsets.map((opset) => create(OperatorSetIdProtoSchema, opset));

  const graph: Uint8Array[] = [toBinary(GraphProtoSchema, graphHead)];
  for (const [name, tensor] of parts.initializers) {
    graph.push(
      ...(parts.external.has(name) ? externalPieces(name, tensor) : initializerPieces(name, tensor)),
    );
  }
  graph.push(toBinary(GraphProtoSchema, graphTail));
  const graphBytes = totalBytes(graph);
  checkLength(graphBytes, parts.graphName);

  const pieces = [
    toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion, producerName })),
    new BinaryWriter().tag(MODEL_GRAPH, WireType.LengthDelimited).uint32(graphBytes).finish(),
    ...graph,
    toBinary(ModelProtoSchema, create(ModelProtoSchema, { opsetImport })),
  ];
  checkLength(totalBytes(pieces), parts.graphName);
  return concatenate(pieces);
}

/** Tag and length of the initializer, its fields, tag and length of its data, and the data as a view. */
function initializerPieces(name: string, tensor: Tensor): Uint8Array[] {
  const data = bytesOf(tensor.data);
  const head = toBinary(TensorProtoSchema, tensorHead(name, tensor, `constant ${name}`));
  const dataTag = new BinaryWriter()
    .tag(TENSOR_RAW_DATA, WireType.LengthDelimited)
    .uint32(data.byteLength)
    .finish();
  const tag = new BinaryWriter()
    .tag(GRAPH_INITIALIZER, WireType.LengthDelimited)
    .uint32(head.byteLength + dataTag.byteLength + data.byteLength)
    .finish();
  return [tag, head, dataTag, data];
}

/** Tag and length of the initializer, and its fields, which say where the data is. */
function externalPieces(name: string, tensor: Tensor): Uint8Array[] {
  const message = toBinary(TensorProtoSchema, externalTensor(name, tensor, name, `constant ${name}`));
  const tag = new BinaryWriter()
    .tag(GRAPH_INITIALIZER, WireType.LengthDelimited)
    .uint32(message.byteLength)
    .finish();
  return [tag, message];
}

function totalBytes(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
}

function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(totalBytes(pieces));
  let offset = 0;
  for (const piece of pieces) {
    result.set(piece, offset);
    offset += piece.byteLength;
  }
  return result;
}

function checkLength(byteLength: number, graphName: string): void {
  if (byteLength <= ONNX_BYTE_LIMIT) return;
  throw new UnsupportedError({
    op: 'OnnxGraph.encode',
    problem: 'model is over the limit of protobuf messages',
    expected: `at most ${ONNX_BYTE_LIMIT} bytes`,
    received: byteLength,
    where: `graph ${graphName}`,
    hint: 'Declare large constants with { external: true } and pass externalData beside the model',
  });
}
