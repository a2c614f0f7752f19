import { NotFoundError } from '@bitcliff/core';
import type { TensorSource } from '@bitcliff/formats';
import { resolveArchitecture } from './architectures/index.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { CheckpointMetadata } from './checkpoint-metadata.ts';
import { checkTensorNames } from './tensor-names.ts';
import {
  createTokenizer,
  requireFittingTokenizer,
  type TextTokenizer,
  type TokenizerFiles,
} from './tokenizer.ts';

/** The files of a Hugging Face checkpoint, wherever they come from. */
export interface CheckpointParts {
  /** Where they come from, for messages and records: a folder, a URL, a name. */
  readonly path: string;
  /** The contents of `config.json`. */
  readonly config: object;
  readonly tensors: TensorSource;
  /** Reads the contents of the tokenizer's files; called once, when the tokenizer is asked for. @default there is none */
  readonly tokenizer?: (() => Promise<TokenizerFiles>) | undefined;
  /** @default {} */
  readonly metadata?: CheckpointMetadata | undefined;
}

/**
 * A checkpoint from its parts, without a file system: in a browser, or in memory.
 * @param parts `tensors` is closed by the checkpoint's `close()`, and still the caller's when this throws
 * @throws {NotFoundError} for a missing tensor  @throws {InvalidInputError} for a field of config.json with a wrong value
 * @throws {UnsupportedError} {@link UnknownNameError} for a model that this version does not run
 * @example
 * const tensors = await openSafetensors(httpSource(`${url}/model.safetensors`));
 * const checkpoint = createCheckpoint({ path: url, config: await (await fetch(`${url}/config.json`)).json(), tensors });
 */
export function createCheckpoint(parts: CheckpointParts): Checkpoint {
  const { path, config, tensors, metadata = {} } = parts;
  const configPath = `${path}/config.json`;
  const architecture = resolveArchitecture(config, configPath);
  const spec = architecture.parseConfig(config, configPath);
  let tokenizer: Promise<TextTokenizer> | undefined;
  const checkpoint: Checkpoint = {
    path,
    spec,
    layout: architecture.tensors(spec, (name) => tensors.has(name)),
    tensors,
    metadata,
    tokenizer: () => (tokenizer ??= readTokenizer(parts, spec.vocabularySize)),
    close: () => tensors.close(),
  };
  checkTensorNames(checkpoint);
  return checkpoint;
}

async function readTokenizer(
  { path, tokenizer: read }: CheckpointParts,
  vocabularySize: number,
): Promise<TextTokenizer> {
  if (read === undefined) {
    throw new NotFoundError({ op: 'openCheckpoint', problem: 'the checkpoint has no tokenizer', path });
  }
  const files = await read();
  const tokenizerPath = `${path}/tokenizer.json`;
  const tokenizer = createTokenizer(files.tokenizer, files.config, tokenizerPath);
  requireFittingTokenizer(tokenizer, vocabularySize, tokenizerPath);
  return tokenizer;
}
