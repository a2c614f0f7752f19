/** @file Reading the weights of one part of a model, checked against the spec before they are read. */
import { FormatError } from '@bitcliff/core';
import type { LinearModule, NormTensors } from './architecture.ts';
import type { Checkpoint } from './checkpoint.ts';
import { takeBias, takeLinear } from './fused-weights.ts';
import { headTensor } from './tensor-names.ts';

/** A linear layer in floating point. */
export interface FloatLinear {
  readonly module: LinearModule;
  /** W [out, in], whatever the layout of the file. */
  readonly weight: Float32Array;
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

/** The weights between the embedding table, which stays in its file, and the first block. */
export interface EmbeddingWeights {
  /** Learned positions, f32[(maxPositions + offset) × hidden]. */
  readonly positions: Float32Array | null;
  /** W [hidden, width]. */
  readonly projectIn: Float32Array | null;
  readonly norm: NormWeights | null;
}

/** The weights between the last block and the vocabulary projection, which stays in its file. */
export interface HeadWeights {
  readonly finalNorm: NormWeights | null;
  /** W [width, hidden]. */
  readonly projectOut: Float32Array | null;
}

/**
 * Read one tensor, or rows of it, as f32.
 * @throws {FormatError} when its shape is another one, and on a NaN or an infinity
 */
export async function readTensor(
  checkpoint: Pick<Checkpoint, 'tensors' | 'path'>,
  name: string,
  shape: readonly number[],
  rows?: { readonly start: number; readonly end: number },
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
  const width = shape[1] ?? 1;
  const range = rows && { start: rows.start * width, end: rows.end * width };
  const data = await tensors.readFloat32(name, { range });
  let probe = 0;
  for (let i = 0; i < data.length; i++) probe += data[i]! * 0; // 0, or NaN as soon as one element is not finite
  if (probe === 0) return data;
  const index = data.findIndex((value) => !Number.isFinite(value));
  throw new FormatError({
    op: 'readTensor',
    problem: 'a weight is not a number',
    expected: 'finite weights',
    received: `${data[index]} at element ${index + (range?.start ?? 0)}`,
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

/** The weights of a linear layer. @returns W [out, in] */
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
    linears.push({
      module,
      weight: await readLinearWeight(module, headDim, read),
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

/** Read what stands between the embedding table and the first block. */
export async function readEmbedding(checkpoint: Checkpoint): Promise<EmbeddingWeights> {
  const { layout, spec } = checkpoint;
  const { hiddenSize: H, embedding, positions } = spec;
  const rows = spec.maxPositions + (positions.kind === 'learned' ? positions.offset : 0);
  const { projectIn, embeddingNorm } = layout;
  return {
    positions: layout.positions === null ? null : await readTensor(checkpoint, layout.positions, [rows, H]),
    projectIn: projectIn === null ? null : await readTensor(checkpoint, projectIn, [H, embedding.width]),
    norm: embeddingNorm === null ? null : await readNorm(checkpoint, embeddingNorm, H),
  };
}

/** Read rows start to end − 1 of the embedding table. @returns f32[(end − start) × width] */
export function readEmbeddingRows(checkpoint: Checkpoint, start: number, end: number): Promise<Float32Array> {
  const { vocabularySize, embedding } = checkpoint.spec;
  const shape = [vocabularySize, embedding.width];
  return readTensor(checkpoint, checkpoint.layout.embedding, shape, { start, end });
}

/** Read what stands between the last block and the vocabulary projection. */
export async function readHead(checkpoint: Checkpoint): Promise<HeadWeights> {
  const { layout, spec } = checkpoint;
  const { finalNorm, projectOut } = layout;
  const shape = [spec.embedding.width, spec.hiddenSize];
  return {
    finalNorm: finalNorm === null ? null : await readNorm(checkpoint, finalNorm, spec.hiddenSize),
    projectOut: projectOut === null ? null : await readTensor(checkpoint, projectOut, shape),
  };
}

/**
 * Read the vocabulary projection of the token ids start to end − 1; it is the embedding where the two are tied.
 * @returns `weight` W [end − start, width], `bias` f32[end − start] or `null`
 */
export async function readVocabulary(
  checkpoint: Checkpoint,
  start: number,
  end: number,
): Promise<{ weight: Float32Array; bias: Float32Array | null }> {
  const { layout, spec } = checkpoint;
  const V = spec.vocabularySize;
  const { bias } = layout.head;
  const rows = { start, end };
  return {
    weight: await readTensor(checkpoint, headTensor(checkpoint), [V, spec.embedding.width], rows),
    bias: bias === null ? null : await readTensor(checkpoint, bias, [V], rows),
  };
}
