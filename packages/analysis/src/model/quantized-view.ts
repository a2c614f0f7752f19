/**
 * @file Quantized blocks as something to take apart: which of their linear layers are quantized, and what stands in for the codes. Recipes without calibration are
 * quantized block by block as they are read, so that one block is in memory; others once, for the whole model.
 */
import type { LongTaskOptions } from '@bitcliff/core';
import type { Kernels } from '@bitcliff/kernels';
import {
  calibrationNeeds,
  type ModuleRole,
  policyFor,
  type QuantizedLinear,
  quantizeLinears,
  type Recipe,
} from '@bitcliff/quantize';
import {
  type Checkpoint,
  createQuantizedBlocks,
  type QuantizedBlock,
  type QuantizedBlocks,
  type QuantizeModelOptions,
  quantizeModel,
  readBlock,
  toMatrix,
} from '@bitcliff/runtime';
import type { AnalysisOptions } from './analysis-options.ts';

/** Part of a model: what is `null` is not restricted. */
export interface Target {
  readonly layer: number | null;
  readonly role: ModuleRole | null;
}

/** A recipe that quantizes some layer by a method that needs calibration. */
export function needsCalibration({ spec, layout }: Checkpoint, recipe: Recipe): boolean {
  for (let layer = 0; layer < spec.layers; layer++) {
    for (const { weight, role } of layout.block(layer).linears) {
      const module = { name: weight, role, layer, layers: spec.layers };
      if (calibrationNeeds(policyFor(recipe, module)) !== null) return true;
    }
  }
  return false;
}

/**
 * What a recipe makes of a checkpoint: the blocks of `options.quantized`, or new ones.
 * @param sequences calibration tokens, where `options.calibration` has none  @param options.blocks where new ones go @default in memory
 */
export async function openQuantized(
  checkpoint: Checkpoint,
  recipe: Recipe,
  sequences: readonly ArrayLike<number>[],
  options: AnalysisOptions & { readonly kernels: Kernels; readonly blocks?: QuantizedBlocks | undefined },
  task: LongTaskOptions,
): Promise<QuantizedBlocks> {
  const known = options.quantized?.get(recipe.name);
  if (known !== undefined) return known;
  if (!needsCalibration(checkpoint, recipe)) return quantizeAsRead(checkpoint, recipe, options.kernels);
  const blocks = options.blocks ?? createQuantizedBlocks();
  await quantizeModel(checkpoint, recipe, {
    ...task,
    ...quantizeOptions(options),
    blocks,
    sequences: options.calibration ?? sequences,
  });
  return blocks;
}

/** How `quantizeModel` is run. */
export function quantizeOptions({
  ort,
  kernels,
  threads,
  executionProviders,
  memoryBudget,
  scratch,
}: AnalysisOptions): Omit<QuantizeModelOptions, 'blocks'> {
  return {
    ort,
    threads,
    executionProviders,
    ...(kernels === undefined ? {} : { kernels }),
    ...(memoryBudget === undefined ? {} : { memoryBudget }),
    ...(scratch === undefined ? {} : { scratch }),
  };
}

/** Blocks that are quantized when they are read; the last one is kept, because its variants read it one after another. */
export function quantizeAsRead(checkpoint: Checkpoint, recipe: Recipe, kernels: Kernels): QuantizedBlocks {
  const { layers } = checkpoint.spec;
  let last: { layer: number; block: Promise<QuantizedBlock> } | undefined;
  const make = async (layer: number): Promise<QuantizedBlock> => {
    const linears: QuantizedBlock['linears'][number][] = [];
    for (const linear of (await readBlock(checkpoint, layer)).linears) {
      const { weight: name, role, place } = linear.module;
      const policy = policyFor(recipe, { name, role, layer, layers });
      if (policy === null) continue;
      const [quantized] = await quantizeLinears([{ name, weight: toMatrix(linear) }], policy, { kernels });
      linears.push({ place, quantized: quantized! });
    }
    return { fingerprint: '', linears };
  };
  return {
    read(layer) {
      if (last?.layer !== layer) last = { layer, block: make(layer) };
      return last.block;
    },
    write: () => Promise.resolve(),
  };
}

/** What {@link quantizeAsRead} holds at most, in bytes: a block as it is stored, its matrices, and what becomes of them. */
export function quantizeAsReadBytes({ layout }: Checkpoint): number {
  const weights = layout.block(0).linears.map(({ inFeatures, outFeatures }) => inFeatures * outFeatures);
  return 3 * 4 * weights.reduce((a, b) => a + b, 0);
}

/** Only the linear layers of a target; the others stay in floating point. */
export function restrictTo(blocks: QuantizedBlocks, { layout }: Checkpoint, target: Target): QuantizedBlocks {
  const ofRole = mapBlocks(blocks, ({ linears }, layer) => {
    const roles = new Map(layout.block(layer).linears.map(({ place, role }) => [place, role]));
    return linears.filter(({ place }) => target.role === null || target.role === roles.get(place));
  });
  const isMeant = (layer: number): boolean => target.layer === null || target.layer === layer;
  return {
    read: (layer) =>
      isMeant(layer) ? ofRole.read(layer) : Promise.resolve({ fingerprint: '', linears: [] }),
    write: ofRole.write,
  };
}

/** Blocks with other linear layers. */
export function mapBlocks(
  blocks: QuantizedBlocks,
  change: (
    block: QuantizedBlock,
    layer: number,
  ) => QuantizedBlock['linears'] | Promise<QuantizedBlock['linears']>,
): QuantizedBlocks {
  return {
    async read(layer) {
      const block = await blocks.read(layer);
      return block && { ...block, linears: await change(block, layer) };
    },
    write: () => Promise.resolve(),
  };
}

/** A recipe that quantizes nothing, under whose name other blocks run. */
export function emptyRecipe(name: string): Recipe {
  const roles = { 'attn.qkv': null, 'attn.out': null, 'mlp.up': null, 'mlp.down': null };
  return { name, version: 1, description: name, roles };
}

/** The weights that a quantized layer stands for. @returns f32[in × out] */
export function effectiveWeight({ linear }: QuantizedLinear): Float32Array {
  if (linear.kind === 'float') return linear.weight;
  const { codes, scale, inputScale } = linear;
  const columns = scale.length;
  const weight = new Float32Array(codes.length);
  for (let row = 0, i = 0; i < codes.length; row++) {
    const input = inputScale === null ? 1 : inputScale[row]!;
    for (let c = 0; c < columns; c++, i++) weight[i] = (codes[i]! * scale[c]!) / input;
  }
  return weight;
}
