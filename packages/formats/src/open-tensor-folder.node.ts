import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BitcliffError, NotFoundError } from '@bitcliff/core';
import { openFileSource } from './file-source.node.ts';
import { quote } from './internal/quote.ts';
import { requireIndexLength } from './internal/shard-index.ts';
import { openSafetensorsFile } from './open-safetensors-file.node.ts';
import { openSafetensorsShards } from './open-safetensors-shards.ts';
import type { TensorSource } from './tensor-source.ts';

const op = 'openTensorFolder';

/** File names that Hugging Face checkpoints use; the single file wins when both are there, as in transformers. */
const SINGLE_FILE = 'model.safetensors';
const INDEX_FILE = 'model.safetensors.index.json';

/** Folder entries shown when nothing was found. */
const SHOWN_ENTRIES = 10;

/**
 * Open the checkpoint in a folder: `model.safetensors`, or else the shards of `model.safetensors.index.json`.
 * Headers are read and checked, tensors are read when asked for.
 * @param dir path of the folder
 * @returns all tensors of the checkpoint; close it after use
 * @throws {NotFoundError} when the folder, both files, or a shard of the index is missing
 * @throws {FormatError} when the index or a file is not valid
 * @example
 * const tensors = await openTensorFolder('checkpoint');
 */
export async function openTensorFolder(dir: string): Promise<TensorSource> {
  const single = await unlessMissing(openSafetensorsFile(join(dir, SINGLE_FILE)));
  if (single !== undefined) return single;
  const indexPath = join(dir, INDEX_FILE);
  const index = await unlessMissing(readIndex(indexPath));
  if (index === undefined) throw await nothingFound(dir);
  return openSafetensorsShards(index, (fileName) => openFileSource(join(dir, fileName)), indexPath);
}

async function readIndex(path: string): Promise<Uint8Array> {
  const source = await openFileSource(path);
  try {
    requireIndexLength(source.byteLength, path);
    return await source.read(0, source.byteLength);
  } finally {
    await source.close();
  }
}

/** The value, or undefined when the file does not exist. */
async function unlessMissing<T>(opening: Promise<T>): Promise<T | undefined> {
  try {
    return await opening;
  } catch (error) {
    if (BitcliffError.isInstance(error) && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

async function nothingFound(dir: string): Promise<NotFoundError> {
  const expected = `${SINGLE_FILE} or ${INDEX_FILE}`;
  let entries: string[];
  try {
    entries = (await readdir(dir)).sort();
  } catch (cause) {
    return new NotFoundError({ op, problem: 'cannot list the folder', expected, path: dir, cause });
  }
  const shown = entries.slice(0, SHOWN_ENTRIES).map(quote).join(', ');
  const received =
    entries.length > SHOWN_ENTRIES ? `${entries.length} others: ${shown}, …` : shown || 'an empty folder';
  return new NotFoundError({ op, problem: 'no checkpoint in the folder', expected, received, path: dir });
}
