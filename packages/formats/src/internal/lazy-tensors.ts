import { bytesPerElement, type DType, elementCount, type Tensor } from '@bitcliff/core';
import type { ReadOptions, TensorInfo, TensorSource } from '../tensor-source.ts';
import { toFloat32 } from '../to-float32.ts';
import { checkElementRange } from './check-element-range.ts';
import { tensorFromBytes } from './elements.ts';
import { missingTensor } from './missing-tensor.ts';
import { quote } from './quote.ts';
import { requireFloat } from './require-float.ts';

/** One tensor that a file's reader knows how to fetch. */
export interface LazyTensor {
  readonly dtype: DType;
  /** Frozen, row-major. */
  readonly shape: readonly number[];
  /** Read elements start, …, end − 1 of the flattened tensor; the range is checked. @returns u8[(end − start) · element size] */
  readElements(start: number, end: number): Promise<Uint8Array>;
}

/** What a {@link TensorSource} is made of. */
export interface LazyTensors {
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, LazyTensor>;
  close(): Promise<void>;
}

/** A tensor source over tensors that are fetched by functions: entries of an archive, views of a storage. */
export function lazyTensors(parts: LazyTensors): TensorSource {
  const { name: path, metadata, tensors } = parts;
  const names = Object.freeze([...tensors.keys()]);

  const find = (name: string): LazyTensor => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw missingTensor(name, names, path);
    return tensor;
  };

  const read = async (name: string, options: ReadOptions = {}): Promise<Tensor> => {
    const tensor = find(name);
    const place = { op: 'TensorSource.read', where: `tensor ${quote(name)}`, path };
    const count = elementCount(tensor.shape);
    const { start, end } = checkElementRange(options.range ?? { start: 0, end: count }, count, place);
    const shape = options.range === undefined ? tensor.shape : [end - start];
    return tensorFromBytes(tensor.dtype, shape, await tensor.readElements(start, end), place);
  };

  return {
    name: path,
    metadata,
    names: () => names,
    has: (name) => tensors.has(name),
    info: (name): TensorInfo => {
      const { dtype, shape } = find(name);
      return { name, dtype, shape, byteLength: elementCount(shape) * bytesPerElement(dtype) };
    },
    read,
    readFloat32: async (name, options) => {
      const { dtype } = find(name);
      requireFloat(dtype, { op: 'TensorSource.readFloat32', where: `tensor ${quote(name)}`, path });
      return toFloat32(await read(name, options));
    },
    readBytes: async (name) => {
      const tensor = find(name);
      return tensor.readElements(0, elementCount(tensor.shape));
    },
    close: parts.close,
  };
}
