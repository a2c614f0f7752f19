/** @file The tensors of a GGUF file as a tensor source: plain dtypes as in every file, block types dequantized. */
import { UnsupportedError } from '@bitcliff/core';
import type { ByteSource } from '../../byte-source.ts';
import { checkElementRange } from '../../internal/check-element-range.ts';
import { missingTensor } from '../../internal/missing-tensor.ts';
import { quote } from '../../internal/quote.ts';
import { type StoredTensor, storedTensors } from '../../internal/stored-tensors.ts';
import type { ReadOptions, TensorSource } from '../../tensor-source.ts';
import type { BlockFormat } from '../block-format.ts';
import { BLOCK_FORMATS, isBlockType } from '../block-formats.ts';
import type { CheckedTensor } from './check-tensors.ts';
import { safeElementCount } from './tensor-types.ts';

/** A tensor source over checked tensors of one file. */
export function ggufTensors(
  source: ByteSource,
  tensors: ReadonlyMap<string, CheckedTensor>,
  metadata: Readonly<Record<string, string>>,
): TensorSource {
  const names = Object.freeze([...tensors.keys()]);
  const path = source.name;
  const plain = new Map<string, StoredTensor>();
  for (const [name, { type, ...place }] of tensors) {
    if (!isBlockType(type)) plain.set(name, { dtype: type, ...place });
  }
  const plainSource = storedTensors(source, plain, metadata);

  const find = (name: string): CheckedTensor => {
    const tensor = tensors.get(name);
    if (tensor === undefined) throw missingTensor(name, names, path);
    return tensor;
  };

  return {
    name: path,
    metadata,
    names: () => names,
    has: (name) => tensors.has(name),
    info: (name) => {
      const { type, shape, byteLength } = find(name);
      return { name, dtype: type, shape, byteLength };
    },
    read: async (name, options) => {
      const { type } = find(name);
      if (!isBlockType(type)) return plainSource.read(name, options);
      throw new UnsupportedError({
        op: 'TensorSource.read',
        problem: 'the tensor is stored in blocks and has no plain dtype',
        expected: 'a dtype of core',
        received: type,
        where: `tensor ${quote(name)}`,
        path,
        hint: 'Use readFloat32 to dequantize it, or readBytes for its blocks',
      });
    },
    readFloat32: async (name, options) => {
      const tensor = find(name);
      const { type } = tensor;
      if (!isBlockType(type)) return plainSource.readFloat32(name, options);
      return readDequantized(source, name, tensor, BLOCK_FORMATS[type], options);
    },
    readBytes: async (name) => {
      const { offset, byteLength } = find(name);
      return source.read(offset, byteLength);
    },
    close: () => source.close(),
  };
}

/** Read the whole blocks around a range, dequantize them, and cut the range out. */
async function readDequantized(
  source: ByteSource,
  name: string,
  { shape, offset }: CheckedTensor,
  { blockSize, bytesPerBlock, dequantize }: BlockFormat,
  options: ReadOptions = {},
): Promise<Float32Array> {
  const count = safeElementCount(shape)!; // checked when the file was opened
  const place = { op: 'TensorSource.readFloat32', where: `tensor ${quote(name)}`, path: source.name };
  const { start, end } = checkElementRange(options.range ?? { start: 0, end: count }, count, place);
  const firstBlock = Math.floor(start / blockSize);
  const blocks = start === end ? 0 : Math.ceil(end / blockSize) - firstBlock;
  const bytes = await source.read(offset + firstBlock * bytesPerBlock, blocks * bytesPerBlock);
  const values = new Float32Array(blocks * blockSize);
  dequantize(bytes, values);
  const skipped = start === end ? 0 : start - firstBlock * blockSize;
  return values.subarray(skipped, skipped + end - start);
}
