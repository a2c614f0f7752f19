import { openFileSource } from '../file-source.node.ts';
import { requireIndexLength } from './shard-index.ts';

/** True for the names that transformers gives to the index of a sharded checkpoint. */
export function isShardIndexName(name: string): boolean {
  return /\.(?:safetensors|bin)\.index\.json$/.test(name);
}

/** Read an index file whole. @throws {NotFoundError} when it does not exist @throws {FormatError} when it is too long to be one */
export async function readIndexFile(path: string): Promise<Uint8Array> {
  const source = await openFileSource(path);
  try {
    requireIndexLength(source.byteLength, path);
    return await source.read(0, source.byteLength);
  } finally {
    await source.close();
  }
}
