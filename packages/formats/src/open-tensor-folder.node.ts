import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BitcliffError, InvalidInputError, NotFoundError } from '@bitcliff/core';
import type { ByteSource } from './byte-source.ts';
import { openFileSource } from './file-source.node.ts';
import { openGguf } from './gguf/open-gguf.ts';
import {
  SAFETENSORS_FILE,
  SAFETENSORS_INDEX_FILE,
  TORCH_FILE,
  TORCH_INDEX_FILE,
} from './internal/checkpoint-files.ts';
import { quote } from './internal/quote.ts';
import { readIndexFile } from './internal/shard-index-file.node.ts';
import { openSafetensors } from './open-safetensors.ts';
import { openSafetensorsShards } from './open-safetensors-shards.ts';
import type { TensorSource } from './tensor-source.ts';
import { openTorch } from './torch/open-torch.ts';
import { openTorchShards } from './torch/open-torch-shards.ts';

const op = 'openTensorFolder';

/** Folder entries shown when nothing was found. */
const SHOWN_ENTRIES = 10;

/**
 * Open the checkpoint in a folder. The first of these that is there, in the order of transformers: `model.safetensors`, the shards of
 * `model.safetensors.index.json`, `pytorch_model.bin`, the shards of `pytorch_model.bin.index.json`; else the folder's only `.gguf` file.
 * Headers are read and checked, tensors are read when asked for.
 * @param dir path of the folder
 * @returns all tensors of the checkpoint; close it after use
 * @throws {NotFoundError} when the folder, all of these files, or a shard of the index is missing
 * @throws {InvalidInputError} when it holds several GGUF files and nothing else: each is a whole model
 * @throws {FormatError} when the index or a file is not valid
 * @example
 * const tensors = await openTensorFolder('checkpoint');
 */
export async function openTensorFolder(dir: string): Promise<TensorSource> {
  const openShard = (fileName: string): Promise<ByteSource> => openFileSource(join(dir, fileName));
  const ways: readonly (() => Promise<TensorSource | undefined>)[] = [
    () => openUnlessMissing(join(dir, SAFETENSORS_FILE), openSafetensors),
    () => openIndexUnlessMissing(join(dir, SAFETENSORS_INDEX_FILE), openShard, openSafetensorsShards),
    () => openUnlessMissing(join(dir, TORCH_FILE), openTorch),
    () => openIndexUnlessMissing(join(dir, TORCH_INDEX_FILE), openShard, openTorchShards),
    () => openOnlyGguf(dir),
  ];
  for (const way of ways) {
    const tensors = await way();
    if (tensors !== undefined) return tensors;
  }
  throw nothingFound(dir, await entriesOf(dir));
}

async function openUnlessMissing(
  path: string,
  open: (source: ByteSource) => Promise<TensorSource>,
): Promise<TensorSource | undefined> {
  const source = await unlessMissing(openFileSource(path));
  if (source === undefined) return undefined;
  try {
    return await open(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function openIndexUnlessMissing(
  path: string,
  openShard: (fileName: string) => Promise<ByteSource>,
  open: typeof openSafetensorsShards,
): Promise<TensorSource | undefined> {
  const index = await unlessMissing(readIndexFile(path));
  return index === undefined ? undefined : open(index, openShard, path);
}

async function openOnlyGguf(dir: string): Promise<TensorSource | undefined> {
  const files = (await entriesOf(dir)).filter((name) => name.toLowerCase().endsWith('.gguf'));
  if (files.length < 2) {
    return files[0] === undefined ? undefined : openUnlessMissing(join(dir, files[0]), openGguf);
  }
  const problem = 'several GGUF files, and each is a whole model';
  const hint = `Open one by its path, as in ${join(dir, files[0]!)}`;
  throw new InvalidInputError({ op, problem, expected: 'one', received: shown(files), path: dir, hint });
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

const EXPECTED = `${SAFETENSORS_FILE} or ${SAFETENSORS_INDEX_FILE}, ${TORCH_FILE} or its index, or one .gguf file`;

async function entriesOf(dir: string): Promise<string[]> {
  try {
    return (await readdir(dir)).sort();
  } catch (cause) {
    throw new NotFoundError({ op, problem: 'cannot list the folder', expected: EXPECTED, path: dir, cause });
  }
}

function nothingFound(dir: string, entries: readonly string[]): NotFoundError {
  const received = entries.length === 0 ? 'an empty folder' : shown(entries);
  return new NotFoundError({
    op,
    problem: 'no checkpoint in the folder',
    expected: EXPECTED,
    received,
    path: dir,
  });
}

function shown(names: readonly string[]): string {
  const first = names.slice(0, SHOWN_ENTRIES).map(quote).join(', ');
  return names.length > SHOWN_ENTRIES ? `${names.length} others: ${first}, …` : first;
}
