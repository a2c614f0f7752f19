/** @file The tensors of a GGUF file from a checkpoint of any layout, each made when its turn comes. */
import { BLOCK_FORMATS, isBlockType, type QuantizableType, quantizeBlocks } from '@bitcliff/formats';
import type { LinearModule, NormTensors } from '../architecture.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { putBias, putLinear } from '../fused-weights.ts';
import { inverseFrequencies } from '../rotary.ts';
import { headTensor } from '../tensor-names.ts';
import { keepingReader, readLinearBias, readLinearWeight, readTensor } from '../weights.ts';
import { ROPE_FACTORS_TENSOR } from './gguf-families.ts';
import { ggufLayout } from './gguf-layout.ts';
import { ggufFamilyOf } from './gguf-metadata.ts';

/** One tensor of the file to be. */
export interface GgufTensorPlan {
  readonly name: string;
  /** Row-major: [out, in]. */
  readonly shape: readonly number[];
  readonly type: QuantizableType;
  readonly data: () => Promise<Uint8Array>;
}

/**
 * All tensors of a checkpoint under the names and in the layouts of llama.cpp. The head is left out where it is the embedding, but for gptneox,
 * whose head llama.cpp demands.
 * @param type of matrices; see {@link ggufTensorType}
 * @throws {UnsupportedError} for a model that cannot be written
 */
export function ggufTensors(checkpoint: Checkpoint, type: QuantizableType): GgufTensorPlan[] {
  const { spec, layout: source } = checkpoint;
  const family = ggufFamilyOf(spec);
  const firstBlock = source.block(0);
  const target = ggufLayout(
    family,
    spec,
    (place) => firstBlock.linears.find((module) => module.place === place)?.bias != null,
  );
  const { hiddenSize: H, vocabularySize: V } = spec;
  const plans: GgufTensorPlan[] = [];
  const plan = (name: string, shape: number[], read: () => Promise<Float32Array>): void => {
    const own = ggufTensorType(name, shape, type);
    const rowLength = shape.at(-1)!;
    const data = async (): Promise<Uint8Array> => quantizeBlocks(own, await read(), { rowLength });
    plans.push({ name, shape, type: own, data });
  };
  const copy = (to: string, from: string, shape: number[]): void =>
    plan(to, shape, () => readTensor(checkpoint, from, shape));
  const copyNorm = (to: NormTensors | null, from: NormTensors | null): void => {
    if (to?.gain != null) copy(to.gain, from!.gain!, [H]);
    if (to?.bias != null) copy(to.bias, from!.bias!, [H]);
  };

  copy(target.embedding, source.embedding, [V, H]);
  if (target.positions !== null) copy(target.positions, source.positions!, [spec.maxPositions, H]);
  if (spec.positions.kind === 'rotary') {
    const factors = ropeFactors(spec.positions);
    if (factors !== null) plan(ROPE_FACTORS_TENSOR, [factors.length], async () => factors);
  }
  for (let layer = 0; layer < spec.layers; layer++) {
    const [to, from] = [target.block(layer), source.block(layer)];
    copyNorm(to.attentionNorm, from.attentionNorm);
    copyNorm(to.mlpNorm, from.mlpNorm);
    planLinears(checkpoint, to.linears, from.linears, plan);
  }
  copyNorm(target.finalNorm, source.finalNorm);
  const head = headTensor(checkpoint);
  if (head !== source.embedding || family.architecture === 'gptneox') copy(target.head.weight, head, [V, H]);
  return plans;
}

/** The factors that frequencies are divided by, where no key says them. */
function ropeFactors(positions: Checkpoint['spec']['positions'] & { kind: 'rotary' }): Float32Array | null {
  const { dims, theta, scaling } = positions;
  if (scaling.kind !== 'llama3' && scaling.kind !== 'factors') return null;
  const scaled = inverseFrequencies(dims, theta, scaling);
  const plain = inverseFrequencies(dims, theta, { kind: 'none' });
  return Float32Array.from(plain, (frequency, i) => frequency / scaled[i]!);
}

/** Layers that share a tensor in the file are read together, from wherever the checkpoint has them. */
function planLinears(
  checkpoint: Checkpoint,
  to: readonly LinearModule[],
  from: readonly LinearModule[],
  plan: (name: string, shape: number[], read: () => Promise<Float32Array>) => void,
): void {
  const { headDim } = checkpoint.spec.attention;
  for (const name of new Set(to.map(({ weight }) => weight))) {
    const targets = to.filter(({ weight }) => weight === name);
    const sources = targets.map(({ place }) => from.find((module) => module.place === place)!);
    const { inFeatures, bias } = targets[0]!;
    const outputs = targets.reduce((sum, { outFeatures }) => sum + outFeatures, 0);
    plan(name, [outputs, inFeatures], async () => {
      const read = keepingReader(checkpoint);
      const stored = new Float32Array(outputs * inFeatures);
      for (const [i, module] of sources.entries()) {
        putLinear(await readLinearWeight(module, headDim, read), stored, targets[i]!, headDim);
      }
      return stored;
    });
    if (bias === null) continue;
    plan(bias, [outputs], async () => {
      const read = keepingReader(checkpoint);
      const stored = new Float32Array(outputs); // 0 where the checkpoint has no bias and the file must have one
      for (const [i, module] of sources.entries()) {
        const own = await readLinearBias(module, headDim, read);
        if (own !== null) putBias(own, stored, targets[i]!, headDim);
      }
      return stored;
    });
  }
}

/** K-quants whose rows do not fit fall back to a type with blocks of 32. */
const FALLBACK: Partial<Record<QuantizableType, QuantizableType>> = {
  Q4_K: 'Q5_0',
  Q5_K: 'Q5_1',
  Q6_K: 'Q8_0',
};

/**
 * The type that a tensor is stored in. F32: everything with one dimension, norms, and learned positions. The wanted type: the other matrices,
 * embedding and head included, as `llama-quantize --pure` does. Where rows are not whole blocks: Q4_K → Q5_0, Q5_K → Q5_1, Q6_K → Q8_0, and
 * F16 where that does not fit either.
 * @see llama.cpp src/llama-quant.cpp, tensor_allows_quantization and tensor_type_fallback; convert_hf_to_gguf.py, which falls back to F16
 */
export function ggufTensorType(
  name: string,
  shape: readonly number[],
  wanted: QuantizableType,
): QuantizableType {
  if (shape.length < 2 || name.includes('_norm.') || name === 'position_embd.weight') return 'F32';
  const fits = (type: QuantizableType): boolean =>
    !isBlockType(type) || shape.at(-1)! % BLOCK_FORMATS[type].blockSize === 0;
  if (fits(wanted)) return wanted;
  const fallback = FALLBACK[wanted];
  return fallback !== undefined && fits(fallback) ? fallback : 'F16';
}
