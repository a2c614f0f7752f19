import { rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InvalidInputError } from '@bitcliff/core';
import { quote } from '../internal/quote.ts';
import { writeTemporaryFile } from '../internal/write-whole-file.node.ts';
import { isPlainFileName } from './internal/external-data.ts';
import type { OnnxEncodeOptions, OnnxGraph } from './onnx-graph.ts';

const op = 'writeOnnxFile';

/**
 * Write a model, and the data of its external constants into files of their names beside it: a message of protobuf stops at 2 GiB, external
 * data does not. Everything is on disk under temporary names before the first file gets its own; the model is named last. On
 * failure the temporary files are removed.
 * @param path path of the model; its folder must exist
 * @throws {InvalidInputError} when the name of an external constant is not a plain file name, or is the model's
 * @throws {UnsupportedError} when the model itself would be 2 GiB or more
 * @throws {NotFoundError} when the folder does not exist
 * @example
 * const w = g.constant('w.bin', weight, { external: true });
 * await writeOnnxFile('model.onnx', g, { opset: 21 }); // model.onnx and w.bin
 */
export async function writeOnnxFile(
  path: string,
  graph: OnnxGraph,
  options: OnnxEncodeOptions,
): Promise<void> {
  const model = graph.encode(options);
  const files = graph.externalData.map(({ path: name, data }) => {
    if (isPlainFileName(name) && name !== basename(path)) return { target: join(dirname(path), name), data };
    throw new InvalidInputError({
      op,
      problem: 'the name of an external constant cannot be a file beside the model',
      expected: 'a plain file name other than that of the model',
      received: quote(name),
      path,
    });
  });
  files.push({ target: path, data: model });
  const written: { temporary: string; target: string }[] = [];
  try {
    for (const { target, data } of files) {
      const temporary = await writeTemporaryFile(op, target, [data], data.byteLength);
      written.push({ temporary, target });
    }
    for (const { temporary, target } of written) await rename(temporary, target);
  } catch (error) {
    for (const { temporary } of written) await rm(temporary, { force: true });
    throw error;
  }
}
