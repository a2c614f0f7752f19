import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidInputError, NotFoundError } from '@bitcliff/core';
import { openTensorFolder } from '@bitcliff/formats/node';
import { resolveArchitecture } from './architectures/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import { readJsonFile } from './read-json-file.node.ts';
import { checkTensorNames } from './tensor-names.ts';
import { createTokenizer, type TextTokenizer } from './tokenizer.ts';

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
  const config = await readJsonFile(configPath, 'openCheckpoint');
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
  const tokenizerJson = await readJsonFile(path, 'openCheckpoint');
  const tokenizerConfig = await readJsonFile(join(folder, 'tokenizer_config.json'), 'openCheckpoint');
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
