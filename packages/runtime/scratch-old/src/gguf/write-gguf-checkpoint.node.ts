import { basename } from 'node:path';
import { BitcliffError, InvalidInputError, type LongTaskOptions } from '@bitcliff/core';
import {
  GGUF_QUANTIZATION_VERSION,
  type GgufValue,
  isBlockType,
  type QuantizableType,
} from '@bitcliff/formats';
import { writeGgufFile } from '@bitcliff/formats/node';
import type { Checkpoint } from '../checkpoint.ts';
import type { TextTokenizer } from '../tokenizer.ts';
import { ggufMetadata } from './gguf-metadata.ts';
import { ggufTensors } from './gguf-tensors.ts';
import { GGUF_METADATA_KEY } from './open-gguf-checkpoint.ts';

/** `general.file_type` by type of matrices. */
const FILE_TYPES: Partial<Record<QuantizableType, number>> = {
  F32: 0,
  F16: 1,
  Q4_0: 2,
  Q4_1: 3,
  Q8_0: 7,
  Q5_0: 8,
  Q5_1: 9,
  Q4_K: 14, // …_K_S, of which all matrices in one type is the nearest relative
  Q5_K: 16,
  Q6_K: 18,
  BF16: 32,
}; // llama.cpp include/llama.h, enum llama_ftype

/** How to write a GGUF file. */
export interface WriteGgufOptions extends LongTaskOptions {
  /** Type of the matrices: F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K or Q6_K. */
  readonly type: QuantizableType;
  /** `null` leaves it out. @default the checkpoint's own, or none where the checkpoint has none */
  readonly tokenizer?: TextTokenizer | null | undefined;
  /** `general.name`. @default the file's name without its ending */
  readonly name?: string | undefined;
}

/** What was written. */
export interface WrittenGguf {
  /** Type of each tensor. */
  readonly types: ReadonlyMap<string, QuantizableType>;
  /** Matrices that are stored in another type because their rows are not whole blocks of the wanted one. */
  readonly fallbacks: readonly string[];
}

/**
 * Write a llama, gpt2, gpt_neox or qwen2 checkpoint as a GGUF file that llama.cpp opens. Norms, biases and learned positions stay F32; the other
 * matrices take `type`, rounded by the reference quantizers of ggml. One tensor at a time is in memory.
 * @throws {UnsupportedError} for a model or tokenizer that the format's keys cannot say
 * @throws {InvalidInputError} for an unknown type, and weights too large for the scales of the type
 * @throws {FormatError} for a weight that is not finite; no file is left
 * @example
 * await writeGgufCheckpoint(checkpoint, 'model-q8_0.gguf', { type: 'Q8_0' });
 */
export async function writeGgufCheckpoint(
  checkpoint: Checkpoint,
  path: string,
  options: WriteGgufOptions,
): Promise<WrittenGguf> {
  const { type } = options;
  const fileType = FILE_TYPES[type];
  if (fileType === undefined) {
    const expected = `one of: ${Object.keys(FILE_TYPES).join(', ')}`;
    throw new InvalidInputError({
      op: 'writeGgufCheckpoint',
      problem: 'unknown type',
      expected,
      received: type,
    });
  }
  const plans = ggufTensors(checkpoint, type);
  const tokenizer = options.tokenizer === undefined ? await ownTokenizer(checkpoint) : options.tokenizer;
  const name = options.name ?? basename(path).replace(/\.gguf$/i, '');
  const fields = ggufMetadata(checkpoint.spec, tokenizer, { fileType, name });
  if (plans.some((plan) => isBlockType(plan.type))) {
    fields.set('general.quantization_version', { type: 'u32', value: GGUF_QUANTIZATION_VERSION });
  }
  if (Object.keys(checkpoint.metadata).length > 0) {
    const value: GgufValue = { type: 'string', value: JSON.stringify(checkpoint.metadata) };
    fields.set(GGUF_METADATA_KEY, value);
  }
  await writeGgufFile(path, { fields, tensors: plans }, options);
  return {
    types: new Map(plans.map((plan) => [plan.name, plan.type])),
    fallbacks: plans.filter((plan) => plan.type !== type && plan.type !== 'F32').map((plan) => plan.name),
  };
}

async function ownTokenizer(checkpoint: Checkpoint): Promise<TextTokenizer | null> {
  try {
    return await checkpoint.tokenizer();
  } catch (error) {
    if (BitcliffError.isInstance(error) && error.code === 'NOT_FOUND') return null;
    throw error;
  }
}
