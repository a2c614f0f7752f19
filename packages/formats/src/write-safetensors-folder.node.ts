/**
 * @file A checkpoint folder, written tensor by tensor: at any time one tensor is in memory. All shards are written under temporary names;
 * only when all bytes are on disk do they get their final names, the index last, so that no reader finds half a checkpoint.
 */
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  bytesPerElement,
  elementCount,
  InvalidInputError,
  type LongTaskOptions,
  type Tensor,
} from '@bitcliff/core';
import {
  isSafetensorsCheckpointFile,
  SAFETENSORS_FILE,
  SAFETENSORS_INDEX_FILE,
  shardFileName,
} from './internal/checkpoint-files.ts';
import { bytesOf } from './internal/elements.ts';
import { quote } from './internal/quote.ts';
import { checkTensorSpec, layoutSafetensors, type TensorSpec } from './internal/safetensors-layout.ts';
import { splitShards } from './internal/split-shards.ts';
import { type FilePieces, writeTemporaryFile } from './internal/write-whole-file.node.ts';

const op = 'writeSafetensorsFolder';

/** Most bytes of tensor data per shard. */
export const SAFETENSORS_SHARD_BYTES = 5_000_000_000; // huggingface_hub/serialization/_base.py, MAX_SHARD_SIZE

/** Ending of an older file while the new ones get their names. */
const ASIDE = '.old.tmp';

/** A tensor that is made, or read from elsewhere, only when its turn comes. */
export interface TensorToWrite extends TensorSpec {
  readonly name: string;
  /** Called once; the result must have the dtype and shape promised. */
  readonly data: () => Tensor | Promise<Tensor>;
}

/** How to write a checkpoint. */
export interface WriteSafetensorsFolderOptions extends LongTaskOptions {
  /** Most bytes of tensor data per shard; a larger tensor gets a shard of its own. @default 5_000_000_000, as transformers */
  readonly maxShardBytes?: number | undefined;
  /** Free text for the header of every shard. @default { format: 'pt' }, which transformers asks for */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Replace the safetensors checkpoint that is in the folder. @default false */
  readonly overwrite?: boolean | undefined;
}

/** What was written. */
export interface WrittenCheckpoint {
  /** File names in the folder, the index last. */
  readonly files: readonly string[];
  /** Bytes of all tensors together. */
  readonly totalBytes: number;
}

/**
 * Write a checkpoint that transformers and {@link openTensorFolder} read: `model.safetensors` when it fits one shard, else
 * `model-00001-of-0000N.safetensors`, … and `model.safetensors.index.json`.
 * @param dir folder to write to, made when it does not exist
 * @param tensors names, dtypes and shapes are taken at once, data when it is written: tensor by tensor, shard by shard
 * @throws {InvalidInputError} on a name that the format cannot hold or that comes twice, on bad options, when a tensor is not what was
 *   promised, and when the folder holds a safetensors checkpoint and `overwrite` is not set
 * @throws what `data` throws, or the reason of the signal; then no file has a final name, and an older checkpoint is as it was
 * @example
 * await writeSafetensorsFolder('out', tensors.names().map((name) => ({
 *   name, dtype: 'F16', shape: tensors.info(name).shape, data: async () => halve(await tensors.readFloat32(name)),
 * })));
 */
export async function writeSafetensorsFolder(
  dir: string,
  tensors: Iterable<TensorToWrite> | AsyncIterable<TensorToWrite>,
  options: WriteSafetensorsFolderOptions = {},
): Promise<WrittenCheckpoint> {
  const { maxShardBytes = SAFETENSORS_SHARD_BYTES, metadata = { format: 'pt' }, signal } = options;
  if (!Number.isSafeInteger(maxShardBytes) || maxShardBytes < 1) {
    const expected = 'an integer from 1';
    throw new InvalidInputError({
      op,
      problem: 'bad option',
      expected,
      received: maxShardBytes,
      where: 'maxShardBytes',
    });
  }
  const { all, sizes } = await collect(tensors, dir);
  const totalBytes = sizes.reduce((sum, size) => sum + size, 0);
  const shards = splitShards(sizes, maxShardBytes).map((indices) => indices.map((index) => all[index]!));
  if (shards.length === 0) shards.push([]);
  const names = shards.map((_, i) =>
    shards.length === 1 ? SAFETENSORS_FILE : shardFileName(i + 1, shards.length),
  );
  await mkdir(dir, { recursive: true });
  const older = (await readdir(dir)).filter(isSafetensorsCheckpointFile);
  if (older.length > 0 && options.overwrite !== true) throw checkpointExists(older, dir);

  const temporaries: string[] = [];
  const placed: string[] = [];
  const aside: string[] = [];
  try {
    let done = 0;
    const onTensor = (name: string, bytes: number): void => {
      signal?.throwIfAborted();
      done += bytes;
      options.onProgress?.({ phase: 'write', done, total: totalBytes, unit: 'bytes', detail: name });
    };
    for (const [i, shard] of shards.entries()) {
      signal?.throwIfAborted();
      const specs = new Map<string, TensorToWrite>(shard.map((tensor) => [tensor.name, tensor]));
      const layout = layoutSafetensors(op, specs, metadata);
      const pieces = piecesOf(
        layout.head,
        layout.tensors.map(({ name }) => specs.get(name)!),
        onTensor,
      );
      temporaries.push(await writeTemporaryFile(op, join(dir, names[i]!), pieces, layout.byteLength));
    }
    if (shards.length > 1) {
      const text = new TextEncoder().encode(indexText(shards, names, totalBytes));
      temporaries.push(
        await writeTemporaryFile(op, join(dir, SAFETENSORS_INDEX_FILE), [text], text.byteLength),
      );
      names.push(SAFETENSORS_INDEX_FILE);
    }
    signal?.throwIfAborted();
    // an older index would name new shards, an older single file would win over the new index
    for (const name of older) {
      await rename(join(dir, name), join(dir, `${name}${ASIDE}`));
      aside.push(name);
    }
    for (const [i, name] of names.entries()) {
      await rename(temporaries[i]!, join(dir, name));
      placed.push(join(dir, name));
    }
    for (const name of aside) await rm(join(dir, `${name}${ASIDE}`));
  } catch (error) {
    for (const path of [...temporaries, ...placed]) await rm(path, { force: true });
    for (const name of aside) await rename(join(dir, `${name}${ASIDE}`), join(dir, name));
    throw error;
  }
  return { files: names, totalBytes };
}

/** Take all names, dtypes and shapes, and check them before anything is written. */
async function collect(
  tensors: Iterable<TensorToWrite> | AsyncIterable<TensorToWrite>,
  path: string,
): Promise<{ all: TensorToWrite[]; sizes: number[] }> {
  const all = new Map<string, TensorToWrite>();
  const sizes: number[] = [];
  for await (const tensor of tensors) {
    const { name, dtype, shape } = tensor;
    checkTensorSpec(op, name, tensor);
    if (all.has(name)) {
      const received = `${quote(name)} twice`;
      throw new InvalidInputError({
        op,
        problem: 'a tensor comes twice',
        expected: 'every name once',
        received,
        path,
      });
    }
    all.set(name, tensor);
    sizes.push(elementCount(shape) * bytesPerElement(dtype));
  }
  return { all: [...all.values()], sizes };
}

async function* piecesOf(
  head: Uint8Array,
  tensors: readonly TensorToWrite[],
  onTensor: (name: string, bytes: number) => void,
): AsyncGenerator<Uint8Array> & FilePieces {
  yield head;
  for (const { name, dtype, shape, data } of tensors) {
    const tensor = await data();
    if (tensor.dtype !== dtype || tensor.shape.join() !== shape.join()) {
      throw new InvalidInputError({
        op,
        problem: 'a tensor is not what was promised',
        expected: `${dtype} [${shape.join(', ')}]`,
        received: `${tensor.dtype} [${tensor.shape.join(', ')}]`,
        where: `tensor ${quote(name)}`,
      });
    }
    const bytes = bytesOf(tensor.data);
    yield bytes;
    onTensor(name, bytes.byteLength);
  }
}

/** The bytes that `json.dumps(index, indent=2, sort_keys=True)` writes, save for the escapes of characters outside ASCII. */
function indexText(shards: readonly TensorToWrite[][], names: readonly string[], totalBytes: number): string {
  const entries = shards.flatMap((shard, i) => shard.map(({ name }) => [name, names[i]!] as const));
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  // put together by hand: an object would move names that look like integers to the front
  const lines = entries.map(([name, file]) => `    ${JSON.stringify(name)}: ${JSON.stringify(file)}`);
  return `{\n  "metadata": {\n    "total_size": ${totalBytes}\n  },\n  "weight_map": {\n${lines.join(',\n')}\n  }\n}\n`;
}

function checkpointExists(older: readonly string[], path: string): InvalidInputError {
  const received = older.slice(0, 4).map(quote).join(', ') + (older.length > 4 ? ', …' : '');
  const hint = 'Set overwrite, or write to another folder';
  const problem = 'the folder holds a checkpoint';
  return new InvalidInputError({ op, problem, expected: 'no safetensors checkpoint', received, path, hint });
}
