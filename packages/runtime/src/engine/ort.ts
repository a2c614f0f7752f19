/**
 * @file The part of the ONNX Runtime API that the engine uses, so that `onnxruntime-node` and `onnxruntime-web` serve alike and
 * neither is imported here.
 */
import { type Tensor, UnsupportedError } from '@bitcliff/core';

/** A tensor of ONNX Runtime. */
export interface OrtTensor {
  readonly data: unknown;
  readonly dims: readonly number[];
}

/** A loaded graph. */
export interface OrtSession {
  /** @param fetches the outputs to take by name: `null`, or a tensor that is written in place */
  run(
    feeds: Readonly<Record<string, OrtTensor>>,
    fetches: Readonly<Record<string, OrtTensor | null>>,
  ): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

/** The module `onnxruntime-node` or `onnxruntime-web`. */
export interface Ort {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: Record<string, unknown>): Promise<OrtSession>;
  };
  readonly Tensor: {
    new (type: 'float32', data: Float32Array, dims: readonly number[]): OrtTensor;
    new (type: 'int32', data: Int32Array, dims: readonly number[]): OrtTensor;
    new (type: 'int64', data: BigInt64Array, dims: readonly number[]): OrtTensor;
    new (type: 'int8', data: Int8Array, dims: readonly number[]): OrtTensor;
    new (type: 'uint8', data: Uint8Array, dims: readonly number[]): OrtTensor;
  };
}

/** A tensor for ONNX Runtime; the data is shared. */
export function toOrtTensor(ort: Ort, { dtype, shape, data }: Tensor): OrtTensor {
  switch (dtype) {
    case 'F32':
      return new ort.Tensor('float32', data as Float32Array, shape);
    case 'I64':
      return new ort.Tensor('int64', data as BigInt64Array, shape);
    case 'I8':
      return new ort.Tensor('int8', data as Int8Array, shape);
    case 'U8':
      return new ort.Tensor('uint8', data as Uint8Array, shape);
    default:
      throw new UnsupportedError({
        op: 'toOrtTensor',
        problem: 'no such weights in graphs',
        received: dtype,
      });
  }
}
