/**
 * @file The initializers of an ONNX model, after onnx/onnx.proto and docs/ExternalData.md of onnx/onnx. The wire format is walked by hand:
 * a generated decoder would need the whole model in memory, and copy every tensor.
 */
import { UnsupportedError } from '@bitcliff/core';
import type { ByteSource } from '../byte-source.ts';
import type { Place } from '../internal/elements.ts';
import { type LazyTensor, lazyTensors } from '../internal/lazy-tensors.ts';
import { requireLittleEndian } from '../internal/little-endian.ts';
import { quote } from '../internal/quote.ts';
import type { TensorSource } from '../tensor-source.ts';
import { checkExternalRange } from './internal/external-data.ts';
import type { Initializer } from './internal/read-initializer.ts';
import { ONNX_EXTERNAL_FILE_LIMIT } from './internal/read-limits.ts';
import { readModel } from './internal/read-model.ts';
import { sizeOf } from './internal/stored-data-types.ts';
import { readTypedData } from './internal/typed-data.ts';

const op = 'openOnnx';

/** How to open a model. */
export interface OpenOnnxOptions {
  /**
   * Opens a file of external data by its location, a plain file name beside the model. It is called once for each location, when the
   * model is opened; the sources stay open until `close()`. @default a model with external data is refused
   */
  readonly external?: ((location: string) => Promise<ByteSource>) | undefined;
}

/**
 * Open the initializers of an ONNX model's graph, its weights: names, types and shapes are read and checked, data is read when asked for.
 * Constants in nodes, subgraphs and functions are not shown.
 * @param source the model's bytes; closed by the result's `close()`, and still the caller's when this throws
 * @returns the initializers in the model's order. `metadata` has `ir_version`, `producer_name`, `producer_version`, `opset_import` as
 * `ai.onnx 21, com.microsoft 1`, and each entry of `metadata_props` under `metadata_props.<key>`
 * @throws {FormatError} when the bytes are not a valid model, or external data is not as long as it should be
 * @throws {UnsupportedError} on strings, complex and 4-bit types, sparse initializers, and external data without `options.external`
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 * @example
 * const tensors = await openOnnx(memorySource(bytes));
 * const weight = await tensors.readFloat32('lm_head.weight');
 */
export async function openOnnx(source: ByteSource, options: OpenOnnxOptions = {}): Promise<TensorSource> {
  requireLittleEndian(op);
  const { initializers, metadata } = await readModel(source, op);
  const files = new Map<string, ByteSource>();
  const closeFiles = async (): Promise<void> => {
    for (const file of files.values()) await file.close();
  };
  const tensors = new Map<string, LazyTensor>();
  try {
    for (const [name, initializer] of initializers) {
      const place = { op, where: `tensor ${quote(name)}`, path: source.name };
      tensors.set(name, await lazyTensor(source, initializer, files, options, place));
    }
  } catch (error) {
    await closeFiles();
    throw error;
  }
  const close = async (): Promise<void> => {
    await closeFiles();
    await source.close();
  };
  return lazyTensors({ name: source.name, metadata, tensors, close });
}

async function lazyTensor(
  source: ByteSource,
  initializer: Initializer,
  files: Map<string, ByteSource>,
  options: OpenOnnxOptions,
  place: Place,
): Promise<LazyTensor> {
  const { dtype, shape, count, byteLength, data } = initializer;
  const size = sizeOf(dtype);
  if (data.kind === 'typed') {
    const { field, pieces } = data;
    const readElements = async (start: number, end: number): Promise<Uint8Array> => {
      const bytes = await readTypedData(source, pieces, { field, dtype, count, place });
      return bytes.subarray(start * size, end * size);
    };
    return { dtype, shape, readElements };
  }
  let file = source;
  if (data.kind === 'external') {
    file = files.get(data.location) ?? (await openExternal(data.location, files, options, place));
    checkExternalRange(data, byteLength, file.byteLength, place);
  }
  const { offset } = data;
  const readElements = (start: number, end: number): Promise<Uint8Array> =>
    file.read(offset + start * size, (end - start) * size);
  return { dtype, shape, readElements };
}

async function openExternal(
  location: string,
  files: Map<string, ByteSource>,
  options: OpenOnnxOptions,
  place: Place,
): Promise<ByteSource> {
  if (options.external === undefined) {
    throw new UnsupportedError({
      ...place,
      problem: 'data is outside the model',
      expected: 'options.external',
      received: `external data in ${quote(location)}`,
      hint: 'Open the model by its path with openOnnxFile of @bitcliff/formats/node, or pass external to openOnnx',
    });
  }
  if (files.size >= ONNX_EXTERNAL_FILE_LIMIT) {
    throw new UnsupportedError({
      ...place,
      problem: 'too many files of external data',
      expected: `at most ${ONNX_EXTERNAL_FILE_LIMIT}`,
      received: 'more',
    });
  }
  const file = await options.external(location);
  files.set(location, file);
  return file;
}
