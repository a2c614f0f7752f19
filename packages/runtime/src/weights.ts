/** @file Reading the weights of one part of a model, checked against the spec before they are read. */
import { FormatError, NotFoundError } from '@bitcliff/core';
import type { Matrix } from '@bitcliff/kernels';
import type { LinearModule } from './architecture.ts';
import type { Checkpoint } from './checkpoint.ts';
import { transpose } from './transpose.ts';

/** A linear layer in floating point. */
export interface FloatLinear {
  readonly module: LinearModule;
  /** W [in, out]. */
  readonly weight: Matrix;
  /** f32[out], or `null`. */
  readonly bias: Float32Array | null;
}

/** The weights of one block in floating point. */
export interface BlockWeights {
  /** f32[hidden] each. */
  readonly norms: { readonly attention: Float32Array; readonly mlp: Float32Array };
  readonly linears: readonly FloatLinear[];
}

/** The weights around the blocks. */
export interface HeadWeights {
  /** f32[hidden]. */
  readonly finalNorm: Float32Array;
  /** W [hidden, vocabulary]. */
  readonly projection: Float32Array;
}

/** Read one tensor as f32 after its shape is checked. */
async function readTensor(
  checkpoint: Checkpoint,
  name: string,
  shape: readonly number[],
): Promise<Float32Array> {
  const { tensors } = checkpoint;
  const info = tensors.info(name);
  if (info.shape.length !== shape.length || info.shape.some((size, i) => size !== shape[i])) {
    throw new FormatError({
      op: 'readTensor',
      problem: 'the shape does not fit config.json',
      expected: `[${shape.join(', ')}]`,
      received: `[${info.shape.join(', ')}]`,
      where: `tensor "${name}"`,
      path: checkpoint.path,
    });
  }
  return tensors.readFloat32(name);
}

/** Read the weights of a block. @param layer 0-based */
export async function readBlock(checkpoint: Checkpoint, layer: number): Promise<BlockWeights> {
  const { architecture, spec } = checkpoint;
  const names = architecture.blockNorms(layer);
  const linears: FloatLinear[] = [];
  for (const module of architecture.blockLinears(spec, layer)) {
    const { inFeatures, outFeatures } = module;
    const stored = await readTensor(checkpoint, module.weight, [outFeatures, inFeatures]);
    linears.push({
      module,
      weight: { data: transpose(stored, outFeatures, inFeatures), rows: inFeatures, columns: outFeatures },
      bias: module.bias === null ? null : await readTensor(checkpoint, module.bias, [outFeatures]),
    });
  }
  return {
    norms: {
      attention: await readTensor(checkpoint, names.attention, [spec.hiddenSize]),
      mlp: await readTensor(checkpoint, names.mlp, [spec.hiddenSize]),
    },
    linears,
  };
}

/** Read the token embedding. @returns f32[vocabulary × hidden] */
export async function readEmbedding(checkpoint: Checkpoint): Promise<Float32Array> {
  const { architecture, spec } = checkpoint;
  return readTensor(checkpoint, architecture.embedding, [spec.vocabularySize, spec.hiddenSize]);
}

/** Read the final norm and the head, which is the embedding where the two are tied. */
export async function readHead(checkpoint: Checkpoint): Promise<HeadWeights> {
  const { architecture, spec } = checkpoint;
  const shape = [spec.vocabularySize, spec.hiddenSize];
  const name = isHeadTied(checkpoint) ? architecture.embedding : architecture.head;
  const stored = await readTensor(checkpoint, name, shape);
  return {
    finalNorm: await readTensor(checkpoint, architecture.finalNorm, [spec.hiddenSize]),
    projection: transpose(stored, spec.vocabularySize, spec.hiddenSize),
  };
}

function isHeadTied({ spec, architecture, tensors }: Checkpoint): boolean {
  return spec.tiedHead ?? !tensors.has(architecture.head);
}

/**
 * Check that every tensor is there, before any work starts.
 * @throws {NotFoundError} that names the first missing tensor
 */
export function checkTensorNames(checkpoint: Checkpoint): void {
  const { architecture, spec, tensors, path } = checkpoint;
  const names = [architecture.embedding, architecture.finalNorm];
  if (!isHeadTied(checkpoint)) names.push(architecture.head);
  for (let layer = 0; layer < spec.layers; layer++) {
    const norms = architecture.blockNorms(layer);
    names.push(norms.attention, norms.mlp);
    for (const module of architecture.blockLinears(spec, layer)) {
      names.push(module.weight);
      if (module.bias !== null) names.push(module.bias);
    }
  }
  const missing = names.filter((name) => !tensors.has(name));
  if (missing.length === 0) return;
  throw new NotFoundError({
    op: 'openCheckpoint',
    problem: `missing tensor "${missing[0]}"${missing.length > 1 ? ` and ${missing.length - 1} more` : ''}`,
    expected: `${names.length} tensors for ${spec.layers} layers`,
    received: `${tensors.names().length} tensors`,
    path,
  });
}
