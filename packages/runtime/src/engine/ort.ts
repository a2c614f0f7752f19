/**
 * @file The part of the ONNX Runtime API that the engine uses, so that `onnxruntime-node` and `onnxruntime-web` serve alike and
 * neither is imported here.
 */

/** A tensor of ONNX Runtime. */
export interface OrtTensor {
  readonly data: unknown;
  readonly dims: readonly number[];
}

/** A loaded graph. */
export interface OrtSession {
  run(feeds: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

/** The module `onnxruntime-node` or `onnxruntime-web`. */
export interface Ort {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: Record<string, unknown>): Promise<OrtSession>;
  };
  readonly Tensor: {
    new (type: 'float32', data: Float32Array, dims: readonly number[]): OrtTensor;
    new (type: 'int64', data: BigInt64Array, dims: readonly number[]): OrtTensor;
  };
}
