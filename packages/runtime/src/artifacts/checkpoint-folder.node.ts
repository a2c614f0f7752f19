/**
 * @file A checkpoint made from another one, as a Hugging Face folder. The folder gets its name when everything in it is on disk; until then, and
 * after an error, there is none.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { InvalidInputError, type LongTaskOptions, UnsupportedError } from '@bitcliff/core';
import type { Checkpoint } from '../checkpoint.ts';
import { readJsonFile } from '../read-json-file.node.ts';

const op = 'writeArtifact';

/** Files that go along when they are there. */
const COPIED: readonly string[] = [
  'tokenizer.json',
  'tokenizer_config.json',
  'tokenizer.model',
  'special_tokens_map.json',
  'added_tokens.json',
  'vocab.json',
  'merges.txt',
  'chat_template.jinja',
  'generation_config.json',
  'bitcliff.json',
];

/**
 * Make a folder of a checkpoint: what `write` puts there, config.json, and the files of the tokenizer.
 * @param dir must not exist, or be empty
 * @param write gets the folder while it has another name  @returns changes of config.json, and what is handed on
 * @throws {InvalidInputError} when `dir` has something in it  @throws {UnsupportedError} when the checkpoint is no folder
 */
export async function writeCheckpointFolder<T>(
  checkpoint: Checkpoint,
  dir: string,
  { signal }: LongTaskOptions,
  write: (temporary: string) => Promise<{ readonly config: Record<string, unknown>; readonly result: T }>,
): Promise<T> {
  const config = await readConfig(checkpoint);
  await requireNewFolder(dir);
  const name = `.${basename(resolve(dir))}.${randomBytes(6).toString('hex')}.tmp`;
  const temporary = join(dirname(resolve(dir)), name);
  await mkdir(temporary, { recursive: true });
  try {
    const { config: changes, result } = await write(temporary);
    await writeJson(join(temporary, 'config.json'), { ...config, ...changes });
    for (const file of COPIED) {
      const from = join(checkpoint.path, file);
      // not copyFile: it would keep a read-only mode
      if (await exists(from)) await writeFile(join(temporary, file), await readFile(from), { flush: true });
    }
    signal?.throwIfAborted();
    if (await exists(dir)) await rmdir(dir); // fails where something came into it
    await rename(temporary, dir);
    return result;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

/** Check that an artifact can be written to a folder. @throws {InvalidInputError} when it has something in it */
export async function requireNewFolder(dir: string): Promise<void> {
  const place = await stat(dir).catch(() => undefined);
  if (place === undefined || (place.isDirectory() && (await readdir(dir)).length === 0)) return;
  throw new InvalidInputError({
    op,
    problem: 'the output exists',
    expected: 'a new or empty folder',
    received: place.isDirectory() ? 'a folder with files' : 'a file',
    path: dir,
  });
}

/** config.json of the checkpoint's folder. */
async function readConfig({ path }: Checkpoint): Promise<Record<string, unknown>> {
  const place = await stat(path).catch(() => undefined);
  if (place?.isDirectory())
    return (await readJsonFile(join(path, 'config.json'), op)) as Record<string, unknown>;
  throw new UnsupportedError({
    op,
    problem: 'the checkpoint has no config.json to be copied',
    expected: 'a Hugging Face folder',
    received: 'a GGUF file',
    path,
    hint: 'Open the folder that the GGUF file was made from',
  });
}

/** A value as JSON, on disk when this is done. */
export const writeJson = (path: string, value: unknown): Promise<void> =>
  writeFile(path, `${JSON.stringify(value, null, 2)}\n`, { flush: true });

const exists = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined)) !== undefined;
