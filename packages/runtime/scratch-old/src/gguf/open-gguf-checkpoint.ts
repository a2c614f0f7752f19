import { FormatError, NotFoundError, UnknownNameError, UnsupportedError } from '@bitcliff/core';
import { type GgufFile, ggufNumber } from '@bitcliff/formats';
import { ARCHITECTURES } from '../architectures/index.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { type CheckpointMetadata, parseCheckpointMetadata } from '../checkpoint-metadata.ts';
import type { DecoderSpec } from '../decoder-spec.ts';
import { checkTensorNames } from '../tensor-names.ts';
import { createTokenizer, requireFittingTokenizer, type TextTokenizer } from '../tokenizer.ts';
import { readTensor } from '../weights.ts';
import { ggufConfig } from './gguf-config.ts';
import { GGUF_FAMILIES, ROPE_FACTORS_TENSOR } from './gguf-families.ts';
import { ggufLayout } from './gguf-layout.ts';
import { ggufTokenizerFiles } from './gguf-tokenizer.ts';

const op = 'openCheckpoint';

/** The metadata of the checkpoint as JSON; programs other than bitcliff pass it over. */
export const GGUF_METADATA_KEY = 'bitcliff.metadata';

/**
 * A checkpoint from an open GGUF file of a llama, gpt2, gptneox or qwen2 model. Weights are dequantized when they are read, tensor by tensor.
 * @param file closed by the checkpoint's `close()`, and still the caller's when this throws
 * @throws {UnknownNameError} for another architecture  @throws {UnsupportedError} for a metadata key that is not understood
 * @throws {FormatError} for one that is missing or wrong  @throws {NotFoundError} for a missing tensor
 * @example
 * const checkpoint = await openGgufCheckpoint(await openGguf(memorySource(bytes, 'model.gguf')));
 */
export async function openGgufCheckpoint(file: GgufFile): Promise<Checkpoint> {
  const path = file.name;
  const { architecture } = file;
  if (architecture === undefined) {
    const where = 'key "general.architecture"';
    throw new FormatError({ op, problem: 'missing metadata key', expected: 'a string', where, path });
  }
  const family = GGUF_FAMILIES.get(architecture);
  if (family === undefined) {
    const known = [...GGUF_FAMILIES.keys()];
    throw new UnknownNameError({ op, kind: 'GGUF architecture', name: architecture, known, path });
  }
  if ((ggufNumber(file.fields, 'split.count', path) ?? 1) > 1) {
    throw new UnsupportedError({
      op,
      problem: 'a part of a model that is split over several files',
      expected: 'one file',
      path,
      hint: 'Join the parts with llama-gguf-split --merge',
    });
  }
  const parsed = ARCHITECTURES.get(family.modelType)!.parseConfig(ggufConfig(file, family), path);
  const spec = await withRopeFactors(parsed, file);
  let tokenizer: Promise<TextTokenizer> | undefined;
  const checkpoint: Checkpoint = {
    path,
    spec,
    layout: ggufLayout(family, spec, (_, name) => file.has(`${name}.bias`)),
    tensors: file,
    metadata: embeddedMetadata(file),
    tokenizer: () => (tokenizer ??= readTokenizer(file, spec)),
    close: () => file.close(),
  };
  checkTensorNames(checkpoint);
  return checkpoint;
}

/** Llama 3.1 and later: the file holds a factor for each frequency, and no key says how they came about. */
async function withRopeFactors(spec: DecoderSpec, file: GgufFile): Promise<DecoderSpec> {
  const { positions } = spec;
  if (!file.has(ROPE_FACTORS_TENSOR) || positions.kind !== 'rotary') return spec;
  if (positions.scaling.kind !== 'none') {
    throw new UnsupportedError({
      op,
      problem: `both ${ROPE_FACTORS_TENSOR} and rope.scaling keys`,
      expected: 'one of the two',
      received: positions.scaling.kind,
      path: file.name,
    });
  }
  const source = { tensors: file, path: file.name };
  const factors = [...(await readTensor(source, ROPE_FACTORS_TENSOR, [positions.dims / 2]))];
  return { ...spec, positions: { ...positions, scaling: { kind: 'factors', factors } } };
}

function embeddedMetadata(file: GgufFile): CheckpointMetadata {
  const text = file.metadata[GGUF_METADATA_KEY];
  return text === undefined
    ? {}
    : parseCheckpointMetadata(text, { path: file.name, where: `key "${GGUF_METADATA_KEY}"` });
}

async function readTokenizer(file: GgufFile, spec: DecoderSpec): Promise<TextTokenizer> {
  const files = ggufTokenizerFiles(file);
  if (files === null) {
    throw new NotFoundError({
      op,
      problem: 'the file has no tokenizer',
      expected: 'tokenizer.ggml.model "gpt2" or "llama"',
      path: file.name,
      hint: 'Token ids work without one',
    });
  }
  const tokenizer = createTokenizer(files.tokenizer, files.config, file.name);
  requireFittingTokenizer(tokenizer, spec.vocabularySize, file.name);
  return tokenizer;
}
