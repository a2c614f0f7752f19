/** @file The input scales of one block, taken up by the norms and linear layers before: see fold-target.ts. */
import { Tensor, UnsupportedError } from '@bitcliff/core';
import { roundToF16 } from '@bitcliff/formats';
import { foldScales, type ModuleRole, type StoredWeight } from '@bitcliff/quantize';
import type { LinearModule, LinearPlace, NormTensors } from '../architecture.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { storedOutput } from '../fused-weights.ts';
import type { QuantizedBlock } from '../quantize-model/quantized-blocks.ts';
import { cannotFold, foldTarget } from './fold-target.ts';

/** A block as it goes to a file. */
export interface FoldedBlock {
  /** Quantized layers, the scales of what comes behind them divided out. */
  readonly stored: ReadonlyMap<LinearPlace, StoredWeight>;
  /** Other tensors that change, in F32: the division is not exact in fewer bits. */
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/**
 * Fold the input scales of a block.
 * @param options.scaleDtype in which quantized layers keep their scales
 * @throws {UnsupportedError} when nothing before a layer can take its scales up
 */
export async function foldBlock(
  checkpoint: Checkpoint,
  layer: number,
  block: QuantizedBlock,
  options: { readonly recipe: string; readonly scaleDtype: 'F16' | 'F32' },
): Promise<FoldedBlock> {
  const names = checkpoint.layout.block(layer);
  const { headDim } = checkpoint.spec.attention;
  const stored = new Map<LinearPlace, StoredWeight>();
  for (const { place, quantized } of block.linears)
    if (quantized.stored !== null) stored.set(place, quantized.stored);
  const tensors = new Map<string, Tensor>();
  /** A tensor as it is so far. */
  const current = async (name: string): Promise<Float32Array> =>
    (tensors.get(name)?.data as Float32Array | undefined)?.slice() ??
    Float32Array.from(await checkpoint.tensors.readFloat32(name));
  const put = (name: string, data: Float32Array): void => {
    tensors.set(name, new Tensor('F32', checkpoint.tensors.info(name).shape, data));
  };

  const foldNorm = async ({ gain, bias }: NormTensors, scale: Float32Array): Promise<void> => {
    const offset = checkpoint.spec.norm.unitOffset ? 1 : 0; // Gemma keeps the gain minus one
    const values = await current(gain!);
    put(
      gain!,
      values.map((g, j) => (g + offset) / scale[j]! - offset),
    );
    if (bias !== null) put(bias, foldScales(await current(bias), scale));
  };
  const foldOutputs = async (module: LinearModule, scale: Float32Array): Promise<void> => {
    const own = stored.get(module.place);
    if (own !== undefined)
      stored.set(module.place, divideOutputs(own, scale, options.scaleDtype, module.weight));
    else {
      const whole = await current(module.weight);
      const K = module.inFeatures;
      const width = whole.length / K; // outputs of the tensor
      for (let n = 0; n < scale.length; n++) {
        const output = storedOutput(module, n, headDim);
        for (let k = 0; k < K; k++)
          whole[module.layout === 'outIn' ? output * K + k : k * width + output]! /= scale[n]!;
      }
      put(module.weight, whole);
    }
    if (module.bias === null) return;
    const whole = await current(module.bias);
    for (let n = 0; n < scale.length; n++) whole[storedOutput(module, n, headDim)]! /= scale[n]!;
    put(module.bias, whole);
  };

  const scales = inputScales(block, names.linears);
  for (const [role, { scale, weight }] of scales) {
    const found = foldTarget(checkpoint, role);
    if ('problem' in found) throw cannotFold(options.recipe, weight.replace(/\.weight$/, ''), found.problem);
    const { target } = found;
    if (target === 'v' || target === 'up')
      await foldOutputs(names.linears.find(({ place }) => place === target)!, scale);
    else await foldNorm(names[target]!, scale);
  }
  return { stored, tensors };
}

/** The scales of each role; scales of 1 are none. @throws {UnsupportedError} when layers with one input disagree */
function inputScales(
  block: QuantizedBlock,
  linears: readonly LinearModule[],
): Map<ModuleRole, { scale: Float32Array; weight: string }> {
  const found = new Map<ModuleRole, { scale: Float32Array; weight: string }>();
  for (const { role, weight, inFeatures } of linears) {
    const own = linears.filter((module) => module.role === role);
    const scales = own.map(({ place }) => {
      const { inputScale } = block.linears.find((linear) => linear.place === place)?.quantized ?? {};
      return inputScale?.some((s) => s !== 1) ? inputScale : new Float32Array(inFeatures).fill(1);
    });
    const [first] = scales;
    const other = scales.findIndex((scale) => scale.some((s, j) => s !== first![j]));
    if (other !== -1) {
      throw new UnsupportedError({
        op: 'writeArtifact',
        problem: 'layers that read one input have scales of their own',
        expected: `the scales of "${weight}"`,
        where: `tensor "${own[other]!.weight}"`,
      });
    }
    if (first!.some((s) => s !== 1)) found.set(role, { scale: first!, weight });
  }
  return found;
}

/** Output n divided by scale[n]: the codes stay, their scales change. */
function divideOutputs(
  stored: StoredWeight,
  scale: Float32Array,
  dtype: 'F16' | 'F32',
  weight: string,
): StoredWeight {
  const divide = (values: Float32Array): Float32Array =>
    values.map((value, i) => {
      const s = value / scale[i % scale.length]!;
      const rounded = dtype === 'F16' ? roundToF16(s) : Math.fround(s);
      if (Number.isFinite(rounded) && (rounded !== 0 || value === 0)) return rounded;
      throw new UnsupportedError({
        op: 'writeArtifact',
        problem: `a scale does not fit ${dtype}`,
        expected: 'scales within the range of the dtype',
        received: s,
        where: `tensor "${weight}"`,
      });
    });
  if (stored.kind === 'float8') return { ...stored, scale: divide(stored.scale) };
  if (stored.kind === 'integer')
    return { kind: 'integer', matrix: { ...stored.matrix, scale: divide(stored.matrix.scale) } };
  throw new UnsupportedError({
    op: 'writeArtifact',
    problem: `${stored.kind} weights cannot take up the scales of the layer behind them`,
    expected: 'integers or FP8',
    where: `tensor "${weight}"`,
  });
}
