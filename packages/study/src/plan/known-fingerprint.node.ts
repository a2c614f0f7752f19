import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fingerprint } from '../inputs/fingerprint.node.ts';
import type { StudyContext } from './study-context.ts';

/** The fingerprint of a checkpoint; its bytes are read only when sizes or times of its files have changed. */
export async function knownFingerprint({ store }: StudyContext, path: string): Promise<string> {
  const stamp = await stampOf(path);
  const known = store.knownHash(path, stamp);
  if (known !== undefined) return known;
  const { sha256 } = await fingerprint(path);
  store.rememberHash(path, stamp, sha256);
  return sha256;
}

async function stampOf(path: string): Promise<string> {
  const place = await stat(path);
  if (place.isFile()) return `${place.size} ${place.mtimeMs}`;
  const names = (await readdir(path)).sort();
  const stats = await Promise.all(names.map((name) => stat(join(path, name))));
  return names.map((name, i) => `${name} ${stats[i]!.size} ${stats[i]!.mtimeMs}`).join('\n');
}
