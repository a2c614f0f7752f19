import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FormatError, InvalidInputError, NotFoundError } from '@bitcliff/core';
import { openTensorFolder } from '@bitcliff/formats/node';
import { resolveArchitecture } from './architectures/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import { checkTensorNames } from './tensor-names.ts';
import { createTokenizer, type TextTokenizer } from './tokenizer.ts';

/** Largest JSON file that is read whole; the largest published tokenizer.json files are about 35 MB. */
const MAX_JSON_BYTES = 256 * 1024 * 1024;

/**
 * Open a Hugging Face checkpoint folder: `config.json` and `model.safetensors` or its shards; the tokenizer when asked for.
 * @param path the folder
 * @throws {NotFoundError} for a missing folder, config, shard or tensor
 * @throws {FormatError} for a file whose bytes are wrong
 * @throws {UnsupportedError} {@link UnknownNameError} for a model that this version does not run
 * @example
 * const checkpoint = await openCheckpoint('models/my-llama');
 * checkpoint.spec.layers; // 16
 */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  const folder = await stat(path).catch(() => undefined);
  if (folder === undefined || !folder.isDirectory()) {
    throw new NotFoundError({
      op: 'openCheckpoint',
      problem: folder === undefined ? 'no such folder' : 'not a folder',
      expected: 'a folder with config.json and model.safetensors',
      path,
    });
  }
  const configPath = join(path, 'config.json');
  const config = await readJson(configPath);
  const architecture = resolveArchitecture(config, configPath);
  const spec = architecture.parseConfig(config, configPath);
  const tensors = await openTensorFolder(path);
  let tokenizer: Promise<TextTokenizer> | undefined;
  const checkpoint: Checkpoint = {
    path,
    spec,
    layout: architecture.tensors(spec, (name) => tensors.has(name)),
    tensors,
    tokenizer: () => (tokenizer ??= readTokenizer(path, spec.vocabularySize)),
    close: () => tensors.close(),
  };
  try {
    checkTensorNames(checkpoint);
  } catch (error) {
    await tensors.close();
    throw error;
  }
  return checkpoint;
}

async function readTokenizer(folder: string, vocabularySize: number): Promise<TextTokenizer> {
  const path = join(folder, 'tokenizer.json');
  const tokenizerJson = await readJson(path);
  const tokenizerConfig = await readJson(join(folder, 'tokenizer_config.json'));
  const tokenizer = createTokenizer(tokenizerJson, tokenizerConfig, path);
  if (tokenizer.vocabularySize > vocabularySize) {
    throw new InvalidInputError({
      op: 'openCheckpoint',
      problem: 'the tokenizer has more tokens than the model',
      expected: `at most ${vocabularySize} (vocab_size of config.json)`,
      received: tokenizer.vocabularySize,
      path,
    });
  }
  return tokenizer;
}

async function readJson(path: string): Promise<object> {
  const file = await stat(path).catch(() => undefined);
  if (file === undefined) {
    throw new NotFoundError({ op: 'openCheckpoint', problem: `missing file ${basename(path)}`, path });
  }
  if (file.size > MAX_JSON_BYTES) {
    throw new FormatError({
      op: 'openCheckpoint',
      problem: `${basename(path)} is too large`,
      expected: `at most ${MAX_JSON_BYTES} bytes`,
      received: file.size,
      path,
    });
  }
  const text = await readFile(path, 'utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FormatError({
      op: 'openCheckpoint',
      problem: `${basename(path)} is not JSON`,
      expected: 'a JSON object',
      received: cause instanceof Error ? cause.message : String(cause),
      path,
      cause,
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FormatError({
      op: 'openCheckpoint',
      problem: `${basename(path)} holds the wrong kind of value`,
      expected: 'a JSON object',
      received: Array.isArray(value) ? 'an array' : String(value).slice(0, 40),
      path,
    });
  }
  return value;
}
