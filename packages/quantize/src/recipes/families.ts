/**
 * @file Recipes that are named by their parameters: `<method>[-<preset>]-w<bits>[g<groupSize>]`, such as `rtn-w4g128`, `awq-w3g128`,
 * `gptq-static-w4g128`, `hqq-w4g64`. Without a group size the scales are per output column.
 */
import type { AwqMethod, GptqMethod, HqqMethod, Method } from '../method.ts';
import { defineRecipe, everyRole, type Recipe } from '../recipe.ts';
import type { IntegerScheme } from '../weight-scheme.ts';

/** AWQ for the outputs of every layer, and as three programs run it (quant-spec.md B.1). */
export const AWQ_PRESETS: Readonly<Record<'outputs' | 'llm-awq' | 'autoawq' | 'llm-compressor', AwqMethod>> =
  {
    outputs: {
      name: 'awq',
      gridPoints: 20,
      scaling: 'activations',
      neverWorse: true,
      clip: 'all',
      propagate: 'original',
    },
    'llm-awq': {
      name: 'awq',
      gridPoints: 20,
      scaling: 'activations',
      neverWorse: false,
      clip: 'notQueryOrKey',
      propagate: 'original',
    },
    autoawq: {
      name: 'awq',
      gridPoints: 20,
      scaling: 'duo',
      neverWorse: false,
      clip: 'notQueryOrKey',
      propagate: 'original',
    },
    'llm-compressor': {
      name: 'awq',
      gridPoints: 20,
      scaling: 'duo-or-none',
      neverWorse: false,
      clip: 'none',
      propagate: 'quantized',
    },
  };

/** GPTQ as the original runs it by default, and with the static act-order of llm-compressor (quant-spec.md B.2). */
export const GPTQ_PRESETS: Readonly<Record<'ist' | 'static', GptqMethod>> = {
  ist: {
    name: 'gptq',
    dampPercent: 0.01,
    blockSize: 128,
    actOrder: false,
    staticGroups: false,
    propagate: 'quantized',
  },
  static: {
    name: 'gptq',
    dampPercent: 0.01,
    blockSize: 128,
    actOrder: true,
    staticGroups: true,
    propagate: 'quantized',
  },
};

/** HQQ's default solver and its slower one (quant-spec.md B.5). */
export const HQQ_PRESETS: Readonly<Record<'legacy' | 'v2', HqqMethod>> = {
  legacy: { name: 'hqq', solver: 'legacy', norm: 0.7, beta: 10, kappa: 1, iterations: 20 },
  v2: { name: 'hqq', solver: 'v2', norm: 0.7, beta: 10, kappa: 1.01, iterations: 100 },
};

interface Family {
  readonly title: string;
  readonly grid: IntegerScheme['grid'];
  /** The first one needs no name. */
  readonly presets: Readonly<Record<string, Method>>;
}

const FAMILIES: Readonly<Record<string, Family>> = {
  rtn: { title: 'round to nearest', grid: 'awq', presets: { plain: { name: 'rtn' } } },
  awq: { title: 'AWQ', grid: 'awq', presets: AWQ_PRESETS },
  gptq: { title: 'GPTQ', grid: 'gptq', presets: GPTQ_PRESETS },
  hqq: { title: 'HQQ', grid: 'hqq', presets: HQQ_PRESETS },
};

const NAME = /^(rtn|awq|gptq|hqq)(?:-([a-z0-9-]+?))?-w([2-8])(?:g([1-9]\d{0,4}))?$/;

/** The recipe of such a name. @returns `undefined` when the name is none */
export function familyRecipe(name: string): Recipe | undefined {
  const [, familyName, presetName, bitsText, groupText] = NAME.exec(name) ?? [];
  const family = FAMILIES[familyName ?? ''];
  if (family === undefined) return undefined;
  const [first] = Object.keys(family.presets);
  const preset = presetName ?? first!;
  const method = Object.hasOwn(family.presets, preset) ? family.presets[preset]! : undefined;
  if (method === undefined) return undefined;
  const bits = Number(bitsText);
  const groupSize = groupText === undefined ? null : Number(groupText);
  const label = Object.keys(family.presets).length > 1 ? `${family.title} (${preset})` : family.title;
  const groups = groupSize === null ? 'one scale per output column' : `groups of ${groupSize} inputs`;
  return defineRecipe({
    name,
    version: 1,
    description: `${label}, asymmetric INT${bits} weights, ${groups}, floating-point activations`,
    roles: everyRole({
      method,
      weights: {
        kind: 'integer',
        bits,
        symmetric: false,
        grid: family.grid,
        granularity: groupSize === null ? 'perColumn' : 'perGroup',
        groupSize,
        rounding: 'halfToEven',
        scaleDtype: 'F16',
      },
      activations: null,
    }),
  });
}
