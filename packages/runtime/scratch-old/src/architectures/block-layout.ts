/** @file Building blocks of tensor lists: the layouts that several architectures share. */
import type { ModuleRole } from '@bitcliff/quantize';
import type { FusedPart, LinearModule, LinearPlace, ModelTensors, NormTensors } from '../architecture.ts';
import type { DecoderSpec } from '../decoder-spec.ts';

const ROLES: Record<LinearPlace, ModuleRole> = {
  q: 'attn.qkv',
  k: 'attn.qkv',
  v: 'attn.qkv',
  attnOut: 'attn.out',
  gate: 'mlp.up',
  up: 'mlp.up',
  down: 'mlp.down',
};

/** In- and out-features of each linear layer. */
function features(spec: DecoderSpec, place: LinearPlace): [number, number] {
  const { heads, kvHeads, headDim } = spec.attention;
  const { hiddenSize, mlp } = spec;
  switch (place) {
    case 'q':
      return [hiddenSize, heads * headDim];
    case 'k':
    case 'v':
      return [hiddenSize, kvHeads * headDim];
    case 'attnOut':
      return [heads * headDim, hiddenSize];
    case 'gate':
    case 'up':
      return [hiddenSize, mlp.intermediateSize];
    case 'down':
      return [mlp.intermediateSize, hiddenSize];
  }
}

/**
 * A linear layer `<name>.weight` with or without `<name>.bias`.
 * @param options.layout @default 'outIn'  @param options.fused @default null
 * @param options.paired @default false
 */
export function linear(
  spec: DecoderSpec,
  place: LinearPlace,
  name: string,
  bias: boolean,
  options: { layout?: LinearModule['layout']; fused?: FusedPart; paired?: boolean } = {},
): LinearModule {
  const [inFeatures, outFeatures] = features(spec, place);
  return {
    place,
    role: ROLES[place],
    weight: `${name}.weight`,
    bias: bias ? `${name}.bias` : null,
    layout: options.layout ?? 'outIn',
    fused: options.fused ?? null,
    paired: options.paired ?? false,
    inFeatures,
    outFeatures,
  };
}

/** q, k and v from one tensor. */
export function fusedQkv(
  spec: DecoderSpec,
  name: string,
  order: FusedPart['order'],
  options: { bias: boolean; layout?: LinearModule['layout'] },
): LinearModule[] {
  return (['q', 'k', 'v'] as const).map((place, part) =>
    linear(spec, place, name, options.bias, {
      ...(options.layout === undefined ? {} : { layout: options.layout }),
      fused: { part: part as 0 | 1 | 2, order },
    }),
  );
}

/** For models whose embedding rows are the input of the first block. */
export const PLAIN_EMBEDDING: Pick<ModelTensors, 'positions' | 'embeddingNorm' | 'projectIn' | 'projectOut'> =
  {
    positions: null,
    embeddingNorm: null,
    projectIn: null,
    projectOut: null,
  };

/** A norm with a gain and perhaps a bias. */
export function normTensors(name: string, bias: boolean): NormTensors {
  return { gain: `${name}.weight`, bias: bias ? `${name}.bias` : null };
}
