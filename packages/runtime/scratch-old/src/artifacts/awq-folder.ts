import { packAwq } from '@bitcliff/quantize';
import {
  configGroupSize,
  groupSizeOf,
  hasGroupIndex,
  integerMatrix,
  refuseUnlessWeightOnlyIntegers,
  type WeightLayout,
} from './weight-layout.ts';

/** AutoAWQ's GEMM checkpoints, for AutoAWQ, transformers and vLLM. @see AutoAWQ awq/models/_config.py, to_transformers_dict() */
export const awqFolder: WeightLayout = {
  scaleDtype: 'F16',
  refuse(module) {
    const plain = refuseUnlessWeightOnlyIntegers(module);
    if (plain !== null) return plain;
    const { weights } = module.policy;
    if (weights.bits !== 4) return `${weights.bits} bits, where it has 4`;
    if (weights.kind === 'integer' && weights.scaleDtype !== 'F16') return `scales of ${weights.scaleDtype}`;
    if (hasGroupIndex(module.policy)) return 'act-order without static groups';
    if (module.layout === 'inOut') return 'a Conv1D layer';
    if (module.inFeatures % groupSizeOf(module) !== 0)
      return `groups of ${groupSizeOf(module)} in ${module.inFeatures} inputs, which they do not divide`;
    return module.outFeatures % 8 === 0 ? null : `${module.outFeatures} outputs, where they come in eights`;
  },
  refuseTogether: (modules) =>
    new Set(modules.map(configGroupSize)).size > 1 ? 'several group sizes' : null,
  pack: (stored) => ({ ...packAwq(integerMatrix(stored)) }),
  config: (modules, ignored) => ({
    quant_method: 'awq',
    version: 'gemm',
    bits: 4,
    group_size: configGroupSize(modules[0]!),
    zero_point: true,
    modules_to_not_convert: ignored.length === 0 ? null : ignored,
  }),
};
