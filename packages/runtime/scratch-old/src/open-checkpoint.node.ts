import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInputError, NotFoundError } from '@bitcliff/core';
import type { TensorSource } from '@bitcliff/formats';
import { openGgufFile, openTensorFolder, type UriResolver } from '@bitcliff/formats/node';
import { createDequantizedSource } from './artifacts/dequantized-source.ts';
import { readQuantizationConfig } from './artifacts/quantization-config.ts';
import type { Checkpoint } from './checkpoint.ts';
import { type CheckpointMetadata, parseCheckpointMetadata } from './checkpoint-metadata.ts';
import { createCheckpoint } from './create-checkpoint.ts';
import { openGgufCheckpoint } from './gguf/open-gguf-checkpoint.ts';
import { readJsonFile } from './read-json-file.node.ts';
import type { TokenizerFiles } from './tokenizer.ts';

/** How to open what a path or URI names. */
export interface OpenCheckpointOptions {
  /** Resolvers of URI schemes, by scheme without its colon: `{ hf: (uri) => resolveHub(uri, { settings }) }`. @default none */
  readonly resolvers?: Readonly<Record<string, UriResolver>> | undefined;
}

const op = 'openCheckpoint';

/** File of a checkpoint's folder that holds its metadata. */
const METADATA_FILE = 'bitcliff.json';

/**
 * Open a checkpoint: a Hugging Face folder (`config.json`, and safetensors or PyTorch weights, in one file or shards), a GGUF file, or a folder
 * that holds one and no `config.json`. Weights that compressed-tensors, GPTQ or AWQ packed come back dequantized. The tokenizer is read when asked for; `bitcliff.json` in the folder holds the metadata.
 * @param pathOrUri folder, file, or a URI of a scheme that `options.resolvers` knows
 * @throws {NotFoundError} for a missing folder, config, shard or tensor
 * @throws {FormatError} for a file whose bytes are wrong
 * @throws {InvalidInputError} for a field of config.json or bitcliff.json with a wrong value, and for a scheme without a resolver
 * @throws {UnsupportedError} {@link UnknownNameError} for a model that this version does not run
 * @example
 * const checkpoint = await openCheckpoint('models/my-llama');
 * checkpoint.spec.layers; // 16
 */
export async function openCheckpoint(
  pathOrUri: string,
  options: OpenCheckpointOptions = {},
): Promise<Checkpoint> {
  const path = await resolvePath(pathOrUri, options);
  const place = await stat(path).catch(() => undefined);
  if (place?.isFile() && path.toLowerCase().endsWith('.gguf')) return openGgufPath(path);
  if (!place?.isDirectory()) {
    throw new NotFoundError({
      op,
      problem: place === undefined ? 'no such folder' : 'not a folder',
      expected: 'a folder with config.json and weights, or a .gguf file',
      path,
    });
  }
  const metadata = await readMetadata(path);
  const ggufFile = await onlyGgufFile(path);
  const checkpoint = ggufFile === undefined ? await openFolder(path) : await openGgufPath(ggufFile);
  return metadata === undefined ? checkpoint : { ...checkpoint, metadata };
}

async function resolvePath(pathOrUri: string, { resolvers = {} }: OpenCheckpointOptions): Promise<string> {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(pathOrUri)?.[1]?.toLowerCase(); // one letter is a drive of Windows
  if (scheme === undefined) return pathOrUri;
  const known = new Map(Object.entries(resolvers));
  const resolver = known.get(scheme);
  if (resolver !== undefined) return resolver(pathOrUri);
  throw new InvalidInputError({
    op,
    problem: 'unknown scheme',
    expected: `a path${known.size === 0 ? '' : `, or a URI of one of: ${[...known.keys()].join(', ')}`}`,
    received: scheme,
    path: pathOrUri,
    hint:
      scheme === 'hf'
        ? 'Give resolvers: { hf: (uri) => resolveHub(uri, options) } with resolveHub of @bitcliff/formats/hub'
        : 'For a folder of such a name, write ./ before it',
  });
}

/** The GGUF file of a folder that has one and no config.json. */
async function onlyGgufFile(folder: string): Promise<string | undefined> {
  const names = await readdir(folder);
  if (names.includes('config.json')) return undefined;
  const files = names.filter((name) => name.toLowerCase().endsWith('.gguf'));
  return files.length === 1 ? join(folder, files[0]!) : undefined;
}

async function openGgufPath(path: string): Promise<Checkpoint> {
  const file = await openGgufFile(path);
  try {
    return await openGgufCheckpoint(file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openFolder(path: string): Promise<Checkpoint> {
  const config = (await readJsonFile(join(path, 'config.json'), op)) as object;
  const quantization = readQuantizationConfig(config);
  const files = await openTensorFolder(path);
  try {
    const tensors: TensorSource =
      quantization === null
        ? files
        : await createDequantizedSource(files, quantization, {
            inOut: () => checkpoint.layout.block(0).linears[0]?.layout === 'inOut',
          });
    const checkpoint: Checkpoint = createCheckpoint({
      path,
      // a layout that can be read does not change what the model is; any other is refused
      config: quantization === null ? config : { ...config, quantization_config: null },
      tensors,
      tokenizer: () => readTokenizerFiles(path),
    });
    return checkpoint;
  } catch (error) {
    await files.close();
    throw error;
  }
}

async function readMetadata(folder: string): Promise<CheckpointMetadata | undefined> {
  const path = join(folder, METADATA_FILE);
  const isThere = (await stat(path).catch(() => undefined)) !== undefined;
  return isThere ? parseCheckpointMetadata(await readJsonFile(path, op), { path }) : undefined;
}

async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const tokenizer = await readJsonFile(join(folder, 'tokenizer.json'), op);
  return { tokenizer, config: await readJsonFile(join(folder, 'tokenizer_config.json'), op) };
}
