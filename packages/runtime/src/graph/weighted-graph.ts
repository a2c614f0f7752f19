/**
 * @file Graphs that carry no weights: a weight is an input that is fed in every run. ONNX Runtime reads it where it lies, so a weight stands in
 * memory once, layers that look alike share one loaded graph, and loading a block is reading its tensors. On two cores and 512 rows a Gemm
 * with fed weights in [out, in] took 0.99 to 1.06 of the time of one with constants, an int8 product 0.5 to 0.6. An int8 product with constants takes
 * 0.85 of one with fed weights: graphs that hold all blocks have them ({@link StackGraph}). A graph that goes to a file keeps all of them as
 * constants: {@link ConstantGraph}.
 */
import type { DType, Tensor } from '@bitcliff/core';
import { type OnnxDimension, type OnnxExternalData, OnnxGraph } from '@bitcliff/formats/onnx';

/** Version of the standard operators in the engine's graphs: 23 has Attention. */
const OPSET = 23;
/** The same in graphs that are written to files, for older runtimes. */
export const ARTIFACT_OPSET = 21;

// MLAS, onnxruntime 1.30 core/mlas/lib/sgemm.cpp: MLAS_SGEMM_STRIDEK, and half of MLAS_SGEMM_STRIDEN, at which it doubles the former
const SLICE_INPUTS = 128;
const NARROW_COLUMNS = 64;

/** From this many bytes on, a constant is a file of its own. */
const EXTERNAL_BYTES = 1024;

/** A graph as ONNX Runtime loads it, and the tensors that every run of it is fed. */
export interface EncodedGraph {
  readonly model: Uint8Array;
  /** By the name of their input. */
  readonly weights: ReadonlyMap<string, Tensor>;
  /** Constants that are handed over as it is loaded, and not needed afterwards. */
  readonly externalData: readonly OnnxExternalData[];
  /** Names of the outputs. */
  readonly outputs: readonly string[];
}

/** An {@link OnnxGraph} that keeps its weights beside it. */
export class WeightedGraph extends OnnxGraph {
  readonly #weights = new Map<string, Tensor>();
  readonly #outputs: string[] = [];
  readonly #made = new Map<string, string>();
  readonly #threads: number;

  /** @param threads inside one operator, at most: see {@link WeightedGraph.matrix} @default 1 */
  constructor(name: string, threads: number = 1) {
    super(name);
    this.#threads = threads;
  }

  /** Stands before the names of weights and constants, so that blocks of one graph do not share them. */
  scope = '';

  /** Declare an input that takes this tensor in every run. @returns its name */
  weight(name: string, tensor: Tensor): string {
    const full = this.scope + name;
    this.input(full, tensor.dtype, tensor.shape);
    this.#weights.set(full, tensor);
    return full;
  }

  /** Declare the weights of an int8 product, as {@link WeightedGraph.weight} does. */
  codes(name: string, tensor: Tensor): string {
    return this.weight(name, tensor);
  }

  /**
   * Declare the weights of an f32 product with `columns` outputs. ONNX Runtime sums more than 128 inputs in slices; with weights that it has not packed
   * beforehand, slices are longer where a thread gets 64 columns or fewer, which depends on the number of rows, and so would the last bits.
   * There the weights are a constant, which is packed as it is loaded.
   */
  matrix(name: string, tensor: Tensor, columns: number): string {
    const slices = tensor.data.length / columns > SLICE_INPUTS;
    const isNarrow = columns <= NARROW_COLUMNS * this.#threads;
    return slices && isNarrow ? this.constant(name, tensor) : this.weight(name, tensor);
  }

  /** The value that `make` gives when this is called for the first time in a scope. */
  once(name: string, make: () => string): string {
    const key = this.scope + name;
    const value = this.#made.get(key) ?? make();
    this.#made.set(key, value);
    return value;
  }

  override constant(name: string, tensor: Tensor, options?: { readonly external?: boolean }): string {
    return super.constant(this.scope + name, tensor, options);
  }

  override output(name: string, dtype: DType, shape: readonly OnnxDimension[]): void {
    super.output(name, dtype, shape);
    this.#outputs.push(name);
  }

  /** The model with the operators that all graphs here use. */
  finish(): EncodedGraph {
    return {
      model: this.encode({ opset: OPSET, microsoft: true }),
      weights: this.#weights,
      externalData: this.externalData,
      outputs: this.#outputs,
    };
  }
}

/** A graph whose int8 weights are constants, which ONNX Runtime packs once, as it loads them. */
export class StackGraph extends WeightedGraph {
  override codes(name: string, tensor: Tensor): string {
    return this.constant(name, tensor, { external: true });
  }
}

/** A graph that is written to a file: weights are constants, large ones outside the model. */
export class ConstantGraph extends WeightedGraph {
  override matrix(name: string, tensor: Tensor): string {
    return this.weight(name, tensor);
  }

  override weight(name: string, tensor: Tensor): string {
    return this.constant(name, tensor, { external: tensor.data.byteLength >= EXTERNAL_BYTES });
  }
}

/** Bytes of a graph and its weights. */
export function weightBytes(graph: EncodedGraph): number {
  let bytes = graph.model.byteLength;
  for (const tensor of graph.weights.values()) bytes += tensor.data.byteLength;
  for (const { data } of graph.externalData) bytes += data.byteLength;
  return bytes;
}
