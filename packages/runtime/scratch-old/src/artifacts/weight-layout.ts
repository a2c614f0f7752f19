import { InternalError, type Tensor } from '@bitcliff/core';
import type { IntegerWeight, LinearPolicy, StoredWeight } from '@bitcliff/quantize';
import type { StoredModule } from './stored-modules.ts';

/** A module that is quantized. */
export type QuantizedModule = StoredModule & { readonly policy: LinearPolicy };

/** What a folder of another program's quantized checkpoint looks like. */
export interface WeightLayout {
  /** Dtype of scales that are changed after quantizing, when they take up the scales of another layer. */
  readonly scaleDtype: 'F16' | 'F32';
  /** Why a module cannot be written, before anything is quantized. @returns `null` when it can */
  refuse(module: QuantizedModule): string | null;
  /** Why modules cannot be in one checkpoint. @returns `null` when they can */
  refuseTogether(modules: readonly QuantizedModule[]): string | null;
  /** The tensors of a module, by the end of their names. @throws {UnsupportedError} on numbers that the layout cannot hold */
  pack(stored: StoredWeight, module: QuantizedModule): Readonly<Record<string, Tensor>>;
  /** `quantization_config` of config.json. @param ignored linear modules that stay in floating point, the head among them */
  config(modules: readonly QuantizedModule[], ignored: readonly string[]): Record<string, unknown>;
}

/** What layouts of plain integers alone say to other schemes. @returns `null` for weight-only integers */
export function refuseUnlessWeightOnlyIntegers({ policy }: QuantizedModule): string | null {
  const { weights, activations } = policy;
  if (weights.kind !== 'integer') return `${weights.kind} weights`;
  if (activations !== null) return 'quantized activations';
  return refuseBadGroups(policy);
}

/** Rules for integers that all layouts share. */
export function refuseBadGroups({ weights }: LinearPolicy): string | null {
  if (weights.kind !== 'integer') return null;
  if (weights.grid === 'hqq') return 'zero points that are not integers (hqq)';
  return weights.granularity === 'perRow' ? 'one scale per input' : null;
}

/** Inputs of a group; all of them without groups. */
export function groupSizeOf({ policy, inFeatures }: QuantizedModule): number {
  const size = policy.weights.kind === 'integer' ? policy.weights.groupSize : null;
  return Math.min(size ?? inFeatures, inFeatures);
}

/** `group_size` as AutoGPTQ and AutoAWQ write it: −1 for one group per output. */
export function configGroupSize({ policy }: QuantizedModule): number {
  return (policy.weights.kind === 'integer' ? policy.weights.groupSize : null) ?? -1;
}

/** GPTQ's act-order without static groups: inputs of a group are not neighbours. */
export function hasGroupIndex({ method, weights }: LinearPolicy): boolean {
  const grouped = weights.kind === 'integer' && weights.groupSize !== null;
  return method.name === 'gptq' && method.actOrder && !method.staticGroups && grouped;
}

/** Integers as they are. */
export function integerMatrix(stored: StoredWeight): IntegerWeight['matrix'] {
  if (stored.kind === 'integer') return stored.matrix;
  throw new InternalError(`${stored.kind} weights passed the checks of a layout of integers`);
}
