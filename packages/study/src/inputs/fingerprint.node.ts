import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

/** Files that make a checkpoint what it is. */
const CHECKPOINT_FILES = /\.(safetensors|bin|gguf|json|model)$/;
const TOKENIZER = 'tokenizer.json';

/** Hashes that name a checkpoint wherever it lies. */
export interface Fingerprint {
  /** Hex SHA-256 over the names and hashes of its files, by name; of a single file, its hash. */
  readonly sha256: string;
  /** Hex SHA-256 of `tokenizer.json`; null without one. */
  readonly tokenizerSha256: string | null;
}

/** Hash a checkpoint: reads every byte of it. @param path folder or file */
export async function fingerprint(path: string): Promise<Fingerprint> {
  if ((await stat(path)).isFile()) return { sha256: await hashFile(path), tokenizerSha256: null };
  const names = (await readdir(path)).filter((name) => CHECKPOINT_FILES.test(name)).sort();
  const all = createHash('sha256');
  let tokenizerSha256: string | null = null;
  for (const name of names) {
    const sha256 = await hashFile(join(path, name));
    if (name === TOKENIZER) tokenizerSha256 = sha256;
    all.update(`${name}\n${sha256}\n`);
  }
  return { sha256: all.digest('hex'), tokenizerSha256 };
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
