import { bytesPerElement, type DType, elementCount, ShapeError, type Tensor } from '@bitcliff/core';
import type { ByteSource } from '../byte-source.ts';
import type { ReadOptions, TensorInfo, TensorSource } from '../tensor-source.ts';
import { toFloat32 } from '../to-float32.ts';
import { tensorFromBytes } from './elements.ts';
import { missingTensor } from './missing-tensor.ts';
import { quote } from './quote.ts';
import { requireFloat } from './require-float.ts';

/** One tensor whose bytes lie in one piece in a byte source; checked by the parser that made it. */
export interface StoredTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** First byte, from the start of the source. */
  readonly offset: number;
  readonly byteLength: number;
}

/** A tensor source over tensors at known places of one byte source. Every single-file reader ends here. */
export function storedTensors(
  source: ByteSource,
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>>,
): TensorSource {
  const names = Object.freeze([...tensors.keys()]);

  const find = (name: string): StoredTensor => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw missingTensor(name, names, source.name);
    return tensor;
  };

  const read = async (name: string, options: ReadOptions = {}): Promise<Tensor> => {
    const { dtype, shape, offset, byteLength } = find(name);
    const place = { op: 'TensorSource.read', where: `tensor ${quote(name)}`, path: source.name };
    const { range } = options;
    if (range === undefined) {
      return tensorFromBytes(dtype, shape, await source.read(offset, byteLength), place);
    }
    const { start, end } = range;
    const count = elementCount(shape);
    const whole = Number.isSafeInteger(start) && Number.isSafeInteger(end);
    if (!whole || start < 0 || start > end || end > count) {
      throw new ShapeError({
        ...place,
        problem: 'range is not inside the tensor',
        expected: `0 <= start <= end <= ${count} elements`,
        received: `start ${start}, end ${end}`,
      });
    }
    const size = bytesPerElement(dtype);
    const bytes = await source.read(offset + start * size, (end - start) * size);
    return tensorFromBytes(dtype, [end - start], bytes, place);
  };

  return {
    name: source.name,
    metadata,
    names: () => names,
    has: (name) => tensors.has(name),
    info: (name): TensorInfo => {
      const { dtype, shape, byteLength } = find(name);
      return { name, dtype, shape, byteLength };
    },
    read,
    readFloat32: async (name, options) => {
      const { dtype } = find(name);
      const place = { op: 'TensorSource.readFloat32', where: `tensor ${quote(name)}`, path: source.name };
      requireFloat(dtype, place);
      return toFloat32(await read(name, options));
    },
    close: () => source.close(),
  };
}
