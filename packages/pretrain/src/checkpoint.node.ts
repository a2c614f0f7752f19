/** @file A model as an ordinary Hugging Face folder, and back. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DType, FormatError, ShapeError, Tensor } from '@bitcliff/core';
import { encodeBF16, encodeF16, toFloat32 } from '@bitcliff/formats';
import { openSafetensorsFile, writeSafetensorsFile } from '@bitcliff/formats/node';
import { numpy as np } from '@jax-js/jax';
import { weightSpecs } from './decoder.ts';
import type { Params } from './decoder-inputs.ts';
import { fromHubConfig, toHubConfig } from './hub-config.ts';
import type { ModelConfig } from './model-config.ts';
import { orWriteFailed } from './or-write-failed.node.ts';
import type { Precision } from './precision.ts';
import type { TrainingOptions } from './pretraining-config.ts';
import type { TokenizerFolder } from './tokenizer.node.ts';

/** What `training.json` beside the weights says. */
export interface CheckpointRecord {
  readonly variant: string;
  readonly step: number;
  /** Targets trained on until then. */
  readonly tokens: number;
  /** Learning rate of that step. */
  readonly learningRate: number;
  /** Mean cross-entropy in nats over that step's targets; null at step 0. */
  readonly trainingLoss: number | null;
  /** Nats per target over the held-out text. */
  readonly heldOutLoss: number;
  readonly parameters: number;
  readonly weightDecay: number;
  readonly training: TrainingOptions;
  readonly corpus: { readonly documents: number; readonly windows: number; readonly fingerprint: string };
}

const STORED = {
  f32: { dtype: 'F32', name: 'float32', encode: (x: Float32Array) => x },
  bf16: { dtype: 'BF16', name: 'bfloat16', encode: (x: Float32Array) => encodeBF16(x) },
  fp16: { dtype: 'F16', name: 'float16', encode: (x: Float32Array) => encodeF16(x) },
} as const satisfies Record<Precision, { dtype: DType; name: string; encode: (x: Float32Array) => object }>;

/**
 * Write config.json, model.safetensors (weights rounded to the training's precision), the tokenizer's files, training.json, and bitcliff.json with what other packages
 * read of it: step, tokens, learning rate, weight decay, and labels for the axes of the INT8 paper. They are made in a folder
 * of another name that is renamed at the end: a folder of the final name is always whole. An existing one is replaced.
 * @param params not consumed
 * @throws {BitcliffError} code `WRITE_FAILED` when the file system refuses, such as a full disk; nothing of the final name is left then
 */
export async function writeCheckpoint(
  folder: string,
  model: ModelConfig,
  params: Params,
  tokenizer: TokenizerFolder,
  record: CheckpointRecord,
): Promise<void> {
  const { precision, dropout } = record.training;
  const { dtype, name: dtypeName, encode } = STORED[precision];
  const { bosTokenId, eosTokenId } = tokenizer;
  const config = toHubConfig(model, { bosTokenId, eosTokenId, dropout, dtype: dtypeName });
  const tensors = new Map<string, Tensor>();
  for (const [name, array] of Object.entries(params)) {
    const data = (await array.ref.data()) as Float32Array;
    tensors.set(name, new Tensor(dtype, array.shape, encode(data) as never));
  }
  const partial = `${folder}.partial`;
  const remove = (): Promise<void> => rm(partial, { recursive: true, force: true });
  const write = async (): Promise<void> => {
    await remove();
    await mkdir(partial, { recursive: true });
    await writeSafetensorsFile(join(partial, 'model.safetensors'), tensors, { format: 'pt' });
    await writeFile(join(partial, 'config.json'), json(config));
    await writeFile(join(partial, 'training.json'), json(record));
    await writeFile(join(partial, 'bitcliff.json'), json(metadataOf(record)));
    for (const [name, text] of Object.entries(tokenizer.files)) await writeFile(join(partial, name), text);
    await rm(folder, { recursive: true, force: true });
    await rename(partial, folder);
  };
  await orWriteFailed(folder, write, remove);
}

function metadataOf({
  variant,
  step,
  tokens,
  learningRate,
  weightDecay,
  training,
}: CheckpointRecord): object {
  const { dropout, clipNorm, precision, seed } = training;
  const labels = { variant, dropout, clipNorm: clipNorm ?? 'none', precision, seed };
  return { step, tokens, learningRate, weightDecay, labels };
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Weights of a checkpoint that {@link writeCheckpoint} wrote. */
export interface ReadCheckpoint {
  readonly model: ModelConfig;
  /** float32, the stored values exactly. */
  readonly params: Params;
}

/**
 * Read a checkpoint folder into jax-js.
 * @throws {UnsupportedError} for a model that pretrain does not write  @throws {FormatError} {@link ShapeError} for wrong files
 */
export async function readCheckpoint(folder: string): Promise<ReadCheckpoint> {
  const path = join(folder, 'config.json');
  let config: Record<string, unknown>;
  try {
    config = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new FormatError({ op: 'readCheckpoint', problem: 'no config.json that can be read', path, cause });
  }
  const model = fromHubConfig(config, path);
  const source = await openSafetensorsFile(join(folder, 'model.safetensors'));
  try {
    const params: Params = {};
    for (const [name, { shape }] of weightSpecs(model)) {
      const stored = source.info(name).shape;
      if (stored.join() !== shape.join()) {
        throw new ShapeError({
          op: 'readCheckpoint',
          problem: 'wrong shape',
          expected: `[${shape.join(', ')}]`,
          received: `[${stored.join(', ')}]`,
          where: name,
          path: folder,
        });
      }
      params[name] = np.array(Float32Array.from(toFloat32(await source.read(name)))).reshape([...shape]);
    }
    return { model, params };
  } finally {
    await source.close();
  }
}
