/** @file Reading the weights of one part of a model, checked against the spec before they are read. */
import { FormatError } from '@bitcliff/core';
import type { Matrix } from '@bitcliff/kernels';
import type { LinearModule, NormTensors } from './architecture.ts';
import type { Checkpoint } from './checkpoint.ts';
import { takeBias, takeLinear } from './fused-weights.ts';
import { headTensor } from './tensor-names.ts';
import { transpose } from './transpose.ts';

/** A linear layer in floating point. */
export interface FloatLinear {
  readonly module: LinearModule;
  /** W [in, out]. */
  readonly weight: Matrix;
  /** f32[out], or `null`. */
  readonly bias: Float32Array | null;
}

/** A norm over `width` features; `null` stands for gains of 1 and no bias. */
export interface NormWeights {
  readonly width: number;
  readonly gain: Float32Array | null;
  readonly bias: Float32Array | null;
}

/** The weights of one block in floating point. */
export interface BlockWeights {
  /** n1 and n2 of the wiring; `mlp` is `null` where the two share one. */
  readonly norms: { readonly attention: NormWeights; readonly mlp: NormWeights | null };
  /** Gains of the norms on q and k, shaped as `attention.qkNorm` says. */
  readonly qNorm: Float32Array | null;
  readonly kNorm: Float32Array | null;
  readonly linears: readonly FloatLinear[];
}

/** The weights before the first block. */
export interface EmbeddingWeights {
  /** f32[vocabulary × width]. */
  readonly table: Float32Array;
  /** Learned positions, f32[(maxPositions + offset) × hidden]. */
  readonly positions: Float32Array | null;
  /** W [width, hidden]. */
  readonly projectIn: Float32Array | null;
  readonly norm: NormWeights | null;
}

/** The weights behind the last block. */
export interface HeadWeights {
  readonly finalNorm: NormWeights | null;
  /** W [hidden, width]. */
  readonly projectOut: Float32Array | null;
  /** W [width, vocabulary]; the width is the hidden size unless it is projected. */
  readonly projection: Float32Array;
  /** f32[vocabulary]. */
  readonly bias: Float32Array | null;
}

/**
 * Read one tensor as f32.
 * @throws {FormatError} when its shape is another one, and on a NaN or an infinity
 */
export async function readTensor(
  checkpoint: Pick<Checkpoint, 'tensors' | 'path'>,
  name: string,
  shape: readonly number[],
): Promise<Float32Array> {
  const { tensors } = checkpoint;
  const info = tensors.info(name);
  if (info.shape.length !== shape.length || info.shape.some((size, i) => size !== shape[i])) {
    throw new FormatError({
      op: 'readTensor',
      problem: 'the shape does not fit the configuration',
      expected: `[${shape.join(', ')}]`,
      received: `[${info.shape.join(', ')}]`,
      where: `tensor "${name}"`,
      path: checkpoint.path,
    });
  }
  const data = await tensors.readFloat32(name);
  let probe = 0;
  for (let i = 0; i < data.length; i++) probe += data[i]! * 0; // 0, or NaN as soon as one element is not finite
  if (probe === 0) return data;
  const index = data.findIndex((value) => !Number.isFinite(value));
  throw new FormatError({
    op: 'readTensor',
    problem: 'a weight is not a number',
    expected: 'finite weights',
    received: `${data[index]} at element ${index}`,
    where: `tensor "${name}"`,
    path: checkpoint.path,
  });
}

async function readNorm(checkpoint: Checkpoint, names: NormTensors, width: number): Promise<NormWeights> {
  const gain = names.gain === null ? null : await readTensor(checkpoint, names.gain, [width]);
  return {
    width,
    gain: gain !== null && checkpoint.spec.norm.unitOffset ? gain.map((g) => g + 1) : gain,
    bias: names.bias === null ? null : await readTensor(checkpoint, names.bias, [width]),
  };
}

/** Reads tensors of one checkpoint, shapes checked. */
export type TensorReader = (name: string, shape: readonly number[]) => Promise<Float32Array>;

/** A reader that keeps what it has read: a tensor that q, k and v share is read once. */
export function keepingReader(checkpoint: Checkpoint): TensorReader {
  const seen = new Map<string, Promise<Float32Array>>();
  return (name, shape) => {
    const known = seen.get(name) ?? readTensor(checkpoint, name, shape);
    seen.set(name, known);
    return known;
  };
}

const storedOutputs = ({ fused, outFeatures }: LinearModule): number =>
  fused === null ? outFeatures : 3 * outFeatures;

/** The weights of a linear layer. @returns W [in, out] */
export async function readLinearWeight(
  module: LinearModule,
  headDim: number,
  read: TensorReader,
): Promise<Float32Array> {
  const stored = storedOutputs(module);
  const shape = module.layout === 'outIn' ? [stored, module.inFeatures] : [module.inFeatures, stored];
  return takeLinear(await read(module.weight, shape), module, headDim);
}

/** The bias of a linear layer. @returns f32[out], or `null` */
export async function readLinearBias(
  module: LinearModule,
  headDim: number,
  read: TensorReader,
): Promise<Float32Array | null> {
  if (module.bias === null) return null;
  return takeBias(await read(module.bias, [storedOutputs(module)]), module, headDim);
}

/** Read the weights of a block. @param layer 0-based */
export async function readBlock(checkpoint: Checkpoint, layer: number): Promise<BlockWeights> {
  const { spec } = checkpoint;
  const { heads, kvHeads, headDim, qkNorm } = spec.attention;
  const names = checkpoint.layout.block(layer);
  const read = keepingReader(checkpoint);
  const linears: FloatLinear[] = [];
  for (const module of names.linears) {
    const data = await readLinearWeight(module, headDim, read);
    linears.push({
      module,
      weight: { data, rows: module.inFeatures, columns: module.outFeatures },
      bias: await readLinearBias(module, headDim, read),
    });
  }
  const gainShape = (count: number): number[] => {
    if (qkNorm === 'perHead') return [headDim];
    return qkNorm === 'perHeadGain' ? [count, headDim] : [count * headDim];
  };
  return {
    norms: {
      attention: await readNorm(checkpoint, names.attentionNorm, spec.hiddenSize),
      mlp: names.mlpNorm === null ? null : await readNorm(checkpoint, names.mlpNorm, spec.hiddenSize),
    },
    qNorm: names.qNorm === null ? null : await readTensor(checkpoint, names.qNorm, gainShape(heads)),
    kNorm: names.kNorm === null ? null : await readTensor(checkpoint, names.kNorm, gainShape(kvHeads)),
    linears,
  };
}

/** Read what stands before the first block. */
export async function readEmbedding(checkpoint: Checkpoint): Promise<EmbeddingWeights> {
  const { layout, spec } = checkpoint;
  const { hiddenSize: H, embedding, positions } = spec;
  const rows = spec.maxPositions + (positions.kind === 'learned' ? positions.offset : 0);
  const projectIn =
    layout.projectIn === null ? null : await readTensor(checkpoint, layout.projectIn, [H, embedding.width]);
  return {
    table: await readTensor(checkpoint, layout.embedding, [spec.vocabularySize, embedding.width]),
    positions: layout.positions === null ? null : await readTensor(checkpoint, layout.positions, [rows, H]),
    projectIn: projectIn === null ? null : transpose(projectIn, H, embedding.width),
    norm: layout.embeddingNorm === null ? null : await readNorm(checkpoint, layout.embeddingNorm, H),
  };
}

/** Read what stands behind the last block; the projection is the embedding where the two are tied. */
export async function readHead(checkpoint: Checkpoint): Promise<HeadWeights> {
  const { layout, spec } = checkpoint;
  const { hiddenSize: H, vocabularySize: V, embedding } = spec;
  const stored = await readTensor(checkpoint, headTensor(checkpoint), [V, embedding.width]);
  const projectOut =
    layout.projectOut === null ? null : await readTensor(checkpoint, layout.projectOut, [embedding.width, H]);
  return {
    finalNorm: layout.finalNorm === null ? null : await readNorm(checkpoint, layout.finalNorm, H),
    projectOut: projectOut === null ? null : transpose(projectOut, embedding.width, H),
    projection: transpose(stored, V, embedding.width),
    bias: layout.head.bias === null ? null : await readTensor(checkpoint, layout.head.bias, [V]),
  };
}
