/** @file A builder of ONNX models with one flat graph: no subgraphs, functions or training parts. It follows ONNX IR version 10. */

import { type DType, InvalidInputError, type Tensor } from '@bitcliff/core';
import { create } from '@bufbuild/protobuf';
import { bytesOf } from '../internal/elements.ts';
import { didYouMean } from '../internal/nearest-names.ts';
import { describe } from '../internal/quote.ts';
import { encodeAttribute } from './internal/encode-attribute.ts';
import { encodeModel } from './internal/encode-model.ts';
import { onnxDataType } from './internal/onnx-data-type.ts';
import type { OnnxAttribute } from './onnx-attribute.ts';
import { ONNX_IR_VERSION } from './onnx-limits.ts';
import {
  type NodeProto,
  NodeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx-subset.gen.ts';

/** Domain of ONNX Runtime's own operators. */
const MICROSOFT = 'com.microsoft';

/** One axis of an input or output: a fixed size, or the name of a size that is known when the graph runs. */
export type OnnxDimension = number | string;

/** What a node may have besides its inputs. */
export interface OnnxNodeOptions {
  /** Attributes by name, each with its type. @default none */
  readonly attributes?: Readonly<Record<string, OnnxAttribute>> | undefined;
  /** Domain of the operator; `com.microsoft` needs `microsoft: true` in {@link OnnxGraph.encode}. @default '' */
  readonly domain?: '' | 'com.microsoft' | undefined;
  /** Name of the node in the runtime's messages. @default the name of its first output */
  readonly name?: string | undefined;
}

/** The data of a constant that stays outside the model: a file, or what ONNX Runtime takes as `externalData`. */
export interface OnnxExternalData {
  /** The name by which the model refers to it: the constant's. */
  readonly path: string;
  /** A view of the tensor's data. */
  readonly data: Uint8Array;
}

/** How to encode a graph. */
export interface OnnxEncodeOptions {
  /** Version of the standard operators, a positive integer. */
  readonly opset: number;
  /** Import ONNX Runtime's own operators, `com.microsoft` version 1. @default false */
  readonly microsoft?: boolean | undefined;
}

/**
 * A graph under construction. Values are strings: every method that makes one returns its name, and a node may only use
 * names that exist, so the nodes are always in a valid order.
 * @example
 * const g = new OnnxGraph('linear');
 * const x = g.input('x', 'F32', ['rows', 64]);
 * const w = g.constant('w', weight); // [64, 32]
 * g.output(g.node('MatMul', [x, w]), 'F32', ['rows', 32]);
 * const model = g.encode({ opset: 21 });
 */
export class OnnxGraph {
  readonly name: string;
  readonly #values = new Set<string>();
  readonly #inputs: ValueInfoProto[] = [];
  readonly #outputs: ValueInfoProto[] = [];
  readonly #initializers = new Map<string, Tensor>();
  readonly #external = new Set<string>();
  readonly #nodes: NodeProto[] = [];

  /** @param name the graph's name, not empty */
  constructor(name: string) {
    if (name === '') throw invalid('OnnxGraph', 'empty graph name', 'a name', '""');
    this.name = name;
  }

  /**
   * Declare an input.
   * @param shape one entry per axis; equal strings mean equal sizes  @returns `name`
   * @throws {InvalidInputError} when the name is taken or an axis is not valid
   * @throws {UnsupportedError} when the dtype has no place in a graph
   */
  input(name: string, dtype: DType, shape: readonly OnnxDimension[]): string {
    const info = valueInfo('OnnxGraph.input', name, dtype, shape);
    this.#define('OnnxGraph.input', name);
    this.#inputs.push(info);
    return name;
  }

  /**
   * Store a tensor in the model, or beside it. Its data is read when the graph is encoded, so do not change it before.
   * @param options.external leave the data out of the model and hand it over in {@link externalData}. @default false
   * @returns `name`
   * @throws {InvalidInputError} when the name is taken
   * @throws {UnsupportedError} when the dtype has no place in a graph
   */
  constant(name: string, tensor: Tensor, options: { readonly external?: boolean } = {}): string {
    onnxDataType(tensor.dtype, `constant ${name}`);
    this.#define('OnnxGraph.constant', name);
    this.#initializers.set(name, tensor);
    if (options.external) this.#external.add(name);
    return name;
  }

  /** The data of the external constants; ONNX Runtime takes it as the session option of the same name. */
  get externalData(): OnnxExternalData[] {
    return [...this.#external].map((path) => ({ path, data: bytesOf(this.#initializers.get(path)!.data) }));
  }

  /**
   * Add a node with one output, or, with `outputs`, one with several.
   * @param opType operator name  @param inputs names of existing values, '' for an optional input left out
   * @param options.outputs how many outputs, or their names ('' for one left out) @default one, named after the operator
   * @returns the output's name, or the array of names when `outputs` is given
   * @throws {InvalidInputError} on an unknown input, an output name that is taken, or a bad attribute
   */
  node(
    opType: string,
    inputs: readonly string[],
    options?: OnnxNodeOptions & { readonly outputs?: undefined },
  ): string;
  node(
    opType: string,
    inputs: readonly string[],
    options: OnnxNodeOptions & { readonly outputs: number | readonly string[] },
  ): string[];
  node(
    opType: string,
    inputs: readonly string[],
    options: OnnxNodeOptions & { readonly outputs?: number | readonly string[] | undefined } = {},
  ): string | string[] {
    const op = 'OnnxGraph.node';
    const where = `node ${options.name ?? opType}`;
    if (opType === '') throw invalid(op, 'empty operator name', 'a name', '""');
    for (const input of inputs) if (input !== '') this.#requireValue(op, input, where);
    const attribute = Object.entries(options.attributes ?? {}).map(([key, value]) =>
      encodeAttribute(key, value, where),
    );
    const output = this.#outputNames(opType, options.outputs ?? 1, where);
    const domain = options.domain ?? '';
    this.#nodes.push(
      create(NodeProtoSchema, {
        input: [...inputs],
        output,
        name: options.name ?? output.find((name) => name !== '')!,
        opType,
        attribute,
        ...(domain === '' ? {} : { domain }),
      }),
    );
    return options.outputs === undefined ? output[0]! : output;
  }

  /**
   * Declare an existing value as an output.
   * @param shape one entry per axis; a name stands for any size
   * @throws {InvalidInputError} when there is no such value, it is an output already, or an axis is not valid
   */
  output(name: string, dtype: DType, shape: readonly OnnxDimension[]): void {
    const op = 'OnnxGraph.output';
    this.#requireValue(op, name, `graph ${this.name}`);
    if (this.#outputs.some((info) => info.name === name)) {
      throw invalid(op, 'value is an output already', 'each output once', describe(name));
    }
    this.#outputs.push(valueInfo(op, name, dtype, shape));
  }

  /**
   * The model's bytes, a serialized ModelProto. Constants are copied once, external ones not at all.
   * @throws {InvalidInputError} when the graph has no output, the opset is not valid, or a domain is not imported
   * @throws {UnsupportedError} when the model would be 2 GiB or more, the limit of protobuf messages
   */
  encode(options: OnnxEncodeOptions): Uint8Array {
    const op = 'OnnxGraph.encode';
    const { opset, microsoft = false } = options;
    if (!Number.isSafeInteger(opset) || opset < 1)
      throw invalid(op, 'bad opset', 'a positive integer', describe(opset));
    if (this.#outputs.length === 0)
      throw invalid(op, `graph ${this.name} has no output`, 'at least one', '0');
    const foreign = microsoft ? undefined : this.#nodes.find((node) => node.domain === MICROSOFT);
    if (foreign !== undefined) {
      throw invalid(op, `node ${foreign.name} is of ${MICROSOFT}`, 'microsoft: true', 'microsoft: false');
    }
    const standard = { domain: '', version: BigInt(opset) };
    return encodeModel({
      irVersion: BigInt(ONNX_IR_VERSION),
      producerName: 'bitcliff',
      graphName: this.name,
      nodes: this.#nodes,
      initializers: this.#initializers,
      external: this.#external,
      inputs: this.#inputs,
      outputs: this.#outputs,
      opsets: microsoft ? [standard, { domain: MICROSOFT, version: 1n }] : [standard],
    });
  }

  #define(op: string, name: string): void {
    if (name === '') throw invalid(op, 'empty value name', 'a name', '""');
    if (this.#values.has(name)) throw invalid(op, 'name is taken', 'a name used once', describe(name));
    this.#values.add(name);
  }

  #requireValue(op: string, name: string, where: string): void {
    if (this.#values.has(name)) return;
    const hint = didYouMean(name, [...this.#values]);
    throw new InvalidInputError({
      op,
      problem: 'unknown value',
      expected: 'an input, a constant or the output of an earlier node',
      received: describe(name),
      where,
      ...(hint === undefined ? {} : { hint }),
    });
  }

  #outputNames(opType: string, outputs: number | readonly string[], where: string): string[] {
    if (typeof outputs === 'number') {
      const valid = Number.isSafeInteger(outputs) && outputs >= 1;
      if (!valid)
        throw invalid('OnnxGraph.node', `bad outputs of ${where}`, 'an integer from 1', describe(outputs));
      return Array.from({ length: outputs }, () => this.#freshName(opType));
    }
    if (outputs.every((name) => name === '')) {
      throw invalid('OnnxGraph.node', `no output of ${where}`, 'at least one name', describe(outputs));
    }
    const seen = new Set<string>();
    for (const name of outputs) {
      if (name === '') continue;
      const taken = this.#values.has(name) || seen.has(name);
      if (taken) throw invalid('OnnxGraph.node', 'name is taken', 'a name used once', describe(name));
      seen.add(name);
    }
    for (const name of seen) this.#values.add(name);
    return [...outputs];
  }

  #freshName(opType: string): string {
    let number = this.#nodes.length;
    while (this.#values.has(`${opType}_${number}`)) number++;
    this.#values.add(`${opType}_${number}`);
    return `${opType}_${number}`;
  }
}

function valueInfo(op: string, name: string, dtype: DType, shape: readonly OnnxDimension[]): ValueInfoProto {
  const elemType = onnxDataType(dtype, `value ${name}`);
  const dim = shape.map((size) => {
    if (typeof size === 'string' && size !== '') return { value: { case: 'dimParam' as const, value: size } };
    if (typeof size === 'number' && Number.isSafeInteger(size) && size >= 0) {
      return { value: { case: 'dimValue' as const, value: BigInt(size) } };
    }
    throw invalid(op, `bad axis of ${name}`, 'a name or an integer from 0', describe(size));
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType, shape: { dim } } } },
  });
}

function invalid(op: string, problem: string, expected: string, received: string): InvalidInputError {
  return new InvalidInputError({ op, problem, expected, received });
}
