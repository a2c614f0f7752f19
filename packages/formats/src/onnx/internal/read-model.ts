/** @file The parts of a ModelProto that a tensor source needs: initializers and metadata. Nodes and values are skipped. */
import { UnsupportedError } from '@bitcliff/core';
import type { ByteSource } from '../../byte-source.ts';
import { quote } from '../../internal/quote.ts';
import { type Initializer, readInitializer, readStringEntry } from './read-initializer.ts';
import {
  ONNX_INITIALIZER_LIMIT,
  ONNX_METADATA_LIMIT,
  ONNX_NAME_BYTES_LIMIT,
  ONNX_TEXT_LIMIT,
} from './read-limits.ts';
import { asInt64 } from './varint.ts';
import { WIRE, type WireField, type WireMessage, WireReader } from './wire-reader.ts';

/** Field numbers of ModelProto, onnx/onnx.proto. */
const MODEL = {
  irVersion: 1,
  producerName: 2,
  producerVersion: 3,
  graph: 7,
  opsetImport: 8,
  metadataProps: 14,
};

/** Field numbers of GraphProto. */
const GRAPH = { initializer: 5, sparseInitializer: 15 };

/** What a model says. */
export interface OnnxModel {
  readonly initializers: ReadonlyMap<string, Initializer>;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Read a model without its data.
 * @throws {FormatError} when it is not valid  @throws {UnsupportedError} on an initializer that is not read
 */
export async function readModel(source: ByteSource, op: string): Promise<OnnxModel> {
  const reader = new WireReader(source, op);
  const file = { op, path: source.name };
  const where = 'ModelProto';
  const metadata = new Metadata(reader);
  const opsets: string[] = [];
  let initializers: Map<string, Initializer> | undefined;
  for await (const field of reader.fields({ start: 0, end: source.byteLength, where })) {
    if (field.number === MODEL.irVersion) {
      reader.requireWire(field, WIRE.varint, 'ir_version', where);
      metadata.add('ir_version', `${asInt64(field)}`, where);
    } else if (field.number === MODEL.producerName) {
      metadata.add('producer_name', await reader.text(field, ONNX_TEXT_LIMIT, 'producer_name', where), where);
    } else if (field.number === MODEL.producerVersion) {
      const text = await reader.text(field, ONNX_TEXT_LIMIT, 'producer_version', where);
      metadata.add('producer_version', text, where);
    } else if (field.number === MODEL.graph) {
      reader.requireWire(field, WIRE.bytes, 'graph', where);
      if (initializers !== undefined) throw reader.error('graph is there twice', 'once', 'twice', where);
      const graph = { start: field.start, end: field.end, where: 'GraphProto' };
      initializers = await readGraph(reader, graph, file);
    } else if (field.number === MODEL.opsetImport) {
      if (opsets.length >= ONNX_METADATA_LIMIT) {
        throw reader.error('too many operator sets', `at most ${ONNX_METADATA_LIMIT}`, 'more', where);
      }
      opsets.push(await readOpset(reader, field));
    } else if (field.number === MODEL.metadataProps) {
      reader.requireWire(field, WIRE.bytes, 'metadata_props', where);
      const [key, value] = await readStringEntry(reader, field, ONNX_TEXT_LIMIT, 'metadata_props', where);
      metadata.add(`metadata_props.${key}`, value, where);
    }
  }
  if (!metadata.has('ir_version'))
    throw reader.error('no ir_version', 'field 1 of ModelProto', 'nothing', where);
  if (initializers === undefined) throw reader.error('no graph', 'field 7 of ModelProto', 'nothing', where);
  if (opsets.length > 0) metadata.add('opset_import', opsets.join(', '), where);
  return { initializers, metadata: metadata.done() };
}

async function readGraph(
  reader: WireReader,
  graph: WireMessage,
  file: { readonly op: string; readonly path: string },
): Promise<Map<string, Initializer>> {
  const initializers = new Map<string, Initializer>();
  for await (const field of reader.fields(graph)) {
    if (field.number === GRAPH.sparseInitializer) {
      throw new UnsupportedError({
        ...file,
        problem: 'sparse initializers are not read',
        expected: 'initializer',
        received: 'sparse_initializer',
        where: graph.where,
      });
    }
    if (field.number !== GRAPH.initializer) continue;
    const where = `initializer ${initializers.size}`;
    reader.requireWire(field, WIRE.bytes, 'initializer', where);
    if (initializers.size >= ONNX_INITIALIZER_LIMIT) {
      throw reader.error('too many initializers', `at most ${ONNX_INITIALIZER_LIMIT}`, 'more', graph.where);
    }
    const initializer = await readInitializer(reader, { start: field.start, end: field.end, where }, file);
    if (initializers.has(initializer.name)) {
      throw reader.error('two initializers of one name', 'distinct names', quote(initializer.name), where);
    }
    initializers.set(initializer.name, initializer);
  }
  return initializers;
}

/** An OperatorSetIdProto as text: `ai.onnx 21`, which is the name of the empty domain. */
async function readOpset(reader: WireReader, field: WireField): Promise<string> {
  const where = 'opset_import';
  reader.requireWire(field, WIRE.bytes, where, 'ModelProto');
  let domain = '';
  let version = 0n;
  for await (const part of reader.fields({ start: field.start, end: field.end, where })) {
    if (part.number === 1) domain = await reader.text(part, ONNX_NAME_BYTES_LIMIT, 'domain', where);
    else if (part.number === 2) {
      reader.requireWire(part, WIRE.varint, 'version', where);
      version = asInt64(part);
    }
  }
  return `${domain === '' ? 'ai.onnx' : domain} ${version}`;
}

/** Text under keys that are there once, up to a limit. */
class Metadata {
  readonly #reader: WireReader;
  readonly #entries = new Map<string, string>();
  #length = 0;

  constructor(reader: WireReader) {
    this.#reader = reader;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  add(key: string, value: string, where: string): void {
    if (this.has(key)) throw this.#reader.error(`${quote(key)} is there twice`, 'once', 'twice', where);
    this.#length += key.length + value.length;
    if (this.#length > ONNX_TEXT_LIMIT || this.#entries.size >= ONNX_METADATA_LIMIT) {
      const expected = `at most ${ONNX_METADATA_LIMIT} entries and ${ONNX_TEXT_LIMIT} characters`;
      throw this.#reader.error('too much metadata', expected, 'more', where);
    }
    this.#entries.set(key, value);
  }

  done(): Readonly<Record<string, string>> {
    return Object.freeze(Object.fromEntries(this.#entries));
  }
}
