/** @file Any tensors, by path or URI: the one call that programs need. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InvalidInputError } from '@bitcliff/core';
import type { ByteSource } from './byte-source.ts';
import { openFileSource } from './file-source.node.ts';
import { type HttpSourceOptions, httpSource } from './http-source.ts';
import { isShardIndexName, readIndexFile } from './internal/shard-index-file.node.ts';
import { openSafetensorsShards } from './open-safetensors-shards.ts';
import { openTensorFolder } from './open-tensor-folder.node.ts';
import { openTensorSource } from './open-tensors.ts';
import type { TensorSource } from './tensor-source.ts';
import { openTorchShards } from './torch/open-torch-shards.ts';

const op = 'openTensors';

/**
 * Brings what a URI names to this machine.
 * @returns path of a file or folder, or an http URL
 */
export type UriResolver = (uri: string) => string | Promise<string>;

/** How to open what a path or URI names. */
export interface OpenTensorsOptions {
  /** Resolvers of further URI schemes, by scheme without its colon: `{ hf: (uri) => resolveHub(uri, options) }`. @default none */
  readonly resolvers?: Readonly<Record<string, UriResolver>> | undefined;
  /** For http and https URLs. */
  readonly http?: HttpSourceOptions | undefined;
}

/**
 * Open tensors by path or URI; the format is told by content, not by name.
 * - a file: safetensors, GGUF, PyTorch, NPZ, NPY, ONNX (with the external data beside it), or the index of a sharded checkpoint
 * - a folder: the checkpoint in it, as {@link openTensorFolder} finds it
 * - `file:` URLs, and `http:` and `https:` URLs of one file, read by range
 * - any other scheme that `resolvers` knows
 * @returns the tensors, read when asked for; close them after use
 * @throws {NotFoundError} when there is no such file or folder, or no checkpoint in the folder
 * @throws {InvalidInputError} on a scheme without a resolver, and what is neither file nor folder
 * @throws {FormatError} and {UnsupportedError} as the format's reader; what a resolver throws
 * @example
 * const tensors = await openTensors('model.gguf');
 */
export async function openTensors(
  uriOrPath: string,
  options: OpenTensorsOptions = {},
): Promise<TensorSource> {
  const scheme = schemeOf(uriOrPath);
  if (scheme === undefined) return openPath(uriOrPath);
  if (scheme === 'http' || scheme === 'https') return openSource(await httpSource(uriOrPath, options.http));
  if (scheme === 'file') return openPath(fileURLToPath(uriOrPath));
  const resolvers = new Map(Object.entries(options.resolvers ?? {}));
  const resolver = resolvers.get(scheme);
  if (resolver === undefined) throw noResolver(uriOrPath, scheme, [...resolvers.keys()]);
  const place = await resolver(uriOrPath);
  // one step only: a resolver that gives its own scheme back would go round for ever
  return /^https?:/.test(place) ? openSource(await httpSource(place, options.http)) : openPath(place);
}

async function openPath(path: string): Promise<TensorSource> {
  // openFileSource says what is wrong with a path that cannot be looked up
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory()) return openTensorFolder(path);
  if (stats?.isFile() && isShardIndexName(basename(path))) return openIndex(path);
  const external = (location: string): Promise<ByteSource> => openFileSource(join(dirname(path), location));
  return openSource(await openFileSource(path), external);
}

async function openIndex(path: string): Promise<TensorSource> {
  const open = path.endsWith('.bin.index.json') ? openTorchShards : openSafetensorsShards;
  return open(await readIndexFile(path), (fileName) => openFileSource(join(dirname(path), fileName)), path);
}

async function openSource(
  source: ByteSource,
  external?: (location: string) => Promise<ByteSource>,
): Promise<TensorSource> {
  try {
    return await openTensorSource(source, external === undefined ? {} : { external });
  } catch (error) {
    await source.close();
    throw error;
  }
}

/** The scheme of a URI, in lower case; one letter is a drive of Windows. */
function schemeOf(text: string): string | undefined {
  return /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1]?.toLowerCase();
}

function noResolver(uri: string, scheme: string, known: readonly string[]): InvalidInputError {
  const expected = `a path, or a URI of one of: ${['file', 'http', 'https', ...known].join(', ')}`;
  const hint =
    scheme === 'hf'
      ? 'Give resolvers: { hf: (uri) => resolveHub(uri, options) } with resolveHub of @bitcliff/formats/hub'
      : 'For a file of such a name, write ./ before it';
  return new InvalidInputError({
    op,
    problem: 'unknown scheme',
    expected,
    received: scheme,
    path: uri,
    hint,
  });
}
