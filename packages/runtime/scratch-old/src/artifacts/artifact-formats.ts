/** @file The formats of quantized checkpoints, and which of them can hold a recipe. */
import { UnsupportedError } from '@bitcliff/core';
import type { GgmlType, Recipe } from '@bitcliff/quantize';
import type { Checkpoint } from '../checkpoint.ts';
import { awqFolder } from './awq-folder.ts';
import { compressedTensorsFolder } from './compressed-tensors-folder.ts';
import { gptqFolder } from './gptq-folder.ts';
import { refuseOnnx } from './onnx-refusal.ts';
import { allStoredModules, type StoredModule } from './stored-modules.ts';
import type { QuantizedModule, WeightLayout } from './weight-layout.ts';

/** Folders of safetensors with a `quantization_config`. */
export const FOLDER_LAYOUTS: Readonly<Record<'compressed-tensors' | 'gptq' | 'awq', WeightLayout>> = {
  'compressed-tensors': compressedTensorsFolder,
  gptq: gptqFolder,
  awq: awqFolder,
};

/** A format of quantized checkpoints. */
export type ArtifactFormat = keyof typeof FOLDER_LAYOUTS | 'gguf' | 'onnx';

/** All of them. */
export const ARTIFACT_FORMATS: readonly ArtifactFormat[] = [
  'compressed-tensors',
  'gptq',
  'awq',
  'gguf',
  'onnx',
];

const isQuantized = (module: StoredModule): module is QuantizedModule => module.policy !== null;

/** The modules that a recipe quantizes, and those that it leaves alone. */
export function splitModules(
  checkpoint: Checkpoint,
  recipe: Recipe,
): { readonly quantized: readonly QuantizedModule[]; readonly ignored: readonly string[] } {
  const modules = allStoredModules(checkpoint, recipe);
  const head = checkpoint.layout.head.weight.replace(/\.weight$/, '');
  return {
    quantized: modules.filter(isQuantized),
    ignored: [head, ...modules.filter((module) => !isQuantized(module)).map(({ name }) => name)],
  };
}

/** The type that a GGUF file of the recipe has, when all linear layers have one. */
export function ggmlTypeOf(checkpoint: Checkpoint, recipe: Recipe): GgmlType | null {
  const types = new Set(
    allStoredModules(checkpoint, recipe).map(({ policy }) =>
      policy?.weights.kind === 'ggml' && policy.method.name === 'rtn' ? policy.weights.type : null,
    ),
  );
  return types.size === 1 ? ([...types][0] ?? null) : null;
}

interface Refusal {
  readonly reason: string;
  readonly module?: string;
}

function refusal(checkpoint: Checkpoint, recipe: Recipe, format: ArtifactFormat): Refusal | null {
  if (format === 'gguf')
    return ggmlTypeOf(checkpoint, recipe) === null
      ? { reason: 'linear layers that are not all of one GGUF block type' }
      : null;
  const { quantized } = splitModules(checkpoint, recipe);
  if (quantized.length === 0) return { reason: 'a recipe that quantizes nothing' };
  const layout = format === 'onnx' ? null : FOLDER_LAYOUTS[format];
  for (const module of quantized) {
    const reason = layout === null ? refuseOnnx(checkpoint, module) : layout.refuse(module);
    if (reason !== null) return { reason, module: module.name };
  }
  const reason = layout === null ? null : layout.refuseTogether(quantized);
  return reason === null ? null : { reason };
}

/** The formats that can hold what a recipe makes of a checkpoint. */
export function artifactFormats(checkpoint: Checkpoint, recipe: Recipe): ArtifactFormat[] {
  return ARTIFACT_FORMATS.filter((format) => refusal(checkpoint, recipe, format) === null);
}

/**
 * Check that a format can hold what a recipe makes of a checkpoint, before anything is quantized.
 * @throws {UnsupportedError} that lists the formats that can
 */
export function checkArtifactFormat(checkpoint: Checkpoint, recipe: Recipe, format: ArtifactFormat): void {
  const found = refusal(checkpoint, recipe, format);
  if (found === null) return;
  const others = artifactFormats(checkpoint, recipe);
  throw new UnsupportedError({
    op: 'writeArtifact',
    problem: `${format} cannot hold recipe "${recipe.name}"`,
    expected:
      others.length === 0 ? 'another recipe: no format holds this one' : `one of: ${others.join(', ')}`,
    received: found.reason,
    ...(found.module === undefined ? {} : { where: `module "${found.module}"` }),
  });
}
