import { type GptqVersion, packGptq } from '@bitcliff/quantize';
import {
  configGroupSize,
  hasGroupIndex,
  integerMatrix,
  type QuantizedModule,
  refuseUnlessWeightOnlyIntegers,
  type WeightLayout,
} from './weight-layout.ts';

const BITS: readonly number[] = [2, 3, 4, 8];

/** v1 has no zero point of 0, which asymmetric groups may have. */
const versionOf = (symmetric: boolean): GptqVersion => (symmetric ? 'v1' : 'v2');

const isSymmetric = ({ policy }: QuantizedModule): boolean =>
  policy.weights.kind === 'integer' && policy.weights.symmetric;

/** What GPTQModel's `dynamic` says of a module, against the checkpoint's own `bits` and `group_size`. */
const overrideOf = (module: QuantizedModule) => ({
  bits: module.policy.weights.bits,
  group_size: configGroupSize(module),
});

/** The `dynamic` pattern of one module; `-:` leaves it in floating point. @see GPTQModel, QuantizeConfig.dynamic */
const pattern = (sign: '+' | '-', name: string): string =>
  `${sign}:^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;

/** AutoGPTQ's checkpoints, for GPTQModel, transformers and vLLM: v1 for symmetric weights, v2 for others. */
export const gptqFolder: WeightLayout = {
  scaleDtype: 'F16',
  refuse(module) {
    const plain = refuseUnlessWeightOnlyIntegers(module);
    if (plain !== null) return plain;
    const { policy, inFeatures, outFeatures } = module;
    const { bits } = policy.weights;
    if (!BITS.includes(bits)) return `${bits} bits, where it has ${BITS.join(', ')}`;
    if (policy.weights.kind === 'integer' && policy.weights.scaleDtype !== 'F16')
      return `scales of ${policy.weights.scaleDtype}`;
    const size = [inFeatures, outFeatures].find((features) => (features * bits) % 32 !== 0);
    return size === undefined ? null : `a side of ${size}, whose codes do not fill 32-bit words`;
  },
  refuseTogether: (modules) =>
    new Set(modules.map(isSymmetric)).size > 1 ? 'symmetric and asymmetric weights' : null,
  pack: (stored, module) => ({
    ...packGptq(integerMatrix(stored), { version: versionOf(isSymmetric(module)) }),
  }),
  config(modules, ignored) {
    const first = modules[0]!;
    const common = overrideOf(first);
    const different = modules.filter(
      (module) => JSON.stringify(overrideOf(module)) !== JSON.stringify(common),
    );
    const { method } = first.policy;
    // the head is never quantized unless `lm_head` says so
    const skipped = ignored.filter((name) => name.includes('.'));
    const dynamic = Object.fromEntries([
      ...skipped.map((name) => [pattern('-', name), {}]),
      ...different.map((module) => [pattern('+', module.name), overrideOf(module)]),
    ]);
    return {
      quant_method: 'gptq',
      ...common,
      sym: isSymmetric(first),
      desc_act: modules.some(({ policy }) => hasGroupIndex(policy)),
      static_groups: method.name === 'gptq' && method.staticGroups,
      true_sequential: false,
      damp_percent: method.name === 'gptq' ? method.dampPercent : 0.01,
      lm_head: false,
      checkpoint_format: versionOf(isSymmetric(first)) === 'v1' ? 'gptq' : 'gptq_v2',
      pack_dtype: 'int32',
      ...(Object.keys(dynamic).length === 0 ? {} : { dynamic }),
      meta: { quantizer: ['bitcliff'] },
    };
  },
};
