import type { Tensor } from '@bitcliff/core';
import {
  type LinearPolicy,
  packCompressedTensors,
  packFloatQuantized,
  packIntQuantized,
} from '@bitcliff/quantize';
import {
  groupSizeOf,
  hasGroupIndex,
  integerMatrix,
  type QuantizedModule,
  refuseBadGroups,
  type WeightLayout,
} from './weight-layout.ts';

/** The forms in which a module's tensors may lie. @see compressed-tensors @ ac8e2ba8, config/base.py CompressionFormat */
type Form = 'pack-quantized' | 'int-quantized' | 'float-quantized';

function formOf({ weights, activations }: LinearPolicy): Form {
  if (weights.kind === 'float8') return 'float-quantized';
  return activations === null ? 'pack-quantized' : 'int-quantized';
}

/** vLLM's and llm-compressor's checkpoints. */
export const compressedTensorsFolder: WeightLayout = {
  scaleDtype: 'F32',
  refuse(module) {
    const { policy, inFeatures, layout } = module;
    const { weights, method } = policy;
    if (layout === 'inOut') return 'a Conv1D layer';
    if (weights.kind === 'float8') return weights.format === 'E4M3' ? null : 'FP8 other than E4M3';
    if (weights.kind !== 'integer') return `${weights.kind} weights`;
    if (method.name === 'llm-int8') return 'outliers that leave the integer product (LLM.int8())';
    const groupSize = groupSizeOf(module);
    if (inFeatures % groupSize !== 0)
      return `groups of ${groupSize} in ${inFeatures} inputs, which they do not divide`;
    return refuseBadGroups(policy);
  },
  refuseTogether: () => null,
  pack(stored, { policy }): Readonly<Record<string, Tensor>> {
    if (stored.kind === 'float8') return packFloatQuantized(stored);
    const matrix = integerMatrix(stored);
    return formOf(policy) === 'int-quantized'
      ? packIntQuantized(matrix)
      : { ...packCompressedTensors(matrix) };
  },
  config(modules, ignored) {
    const groups = new Map<string, { config: Record<string, unknown>; targets: string[] }>();
    for (const module of modules) {
      const config = groupConfig(module);
      const key = JSON.stringify(config);
      const group = groups.get(key) ?? { config, targets: [] };
      group.targets.push(module.name);
      groups.set(key, group);
    }
    const all = [...groups.values()];
    const forms = new Set(modules.map(({ policy }) => formOf(policy)));
    return {
      quant_method: 'compressed-tensors',
      format: forms.size === 1 ? [...forms][0] : 'mixed-precision',
      quantization_status: 'compressed',
      global_compression_ratio: null,
      kv_cache_scheme: null,
      ignore: ignored,
      config_groups: Object.fromEntries(
        all.map(({ config, targets }, i) => [
          `group_${i}`,
          { ...config, targets: all.length === 1 ? ['Linear'] : targets },
        ]),
      ),
    };
  },
};

/** One entry of `config_groups`, without its targets. @see compressed-tensors quantization/quant_args.py */
function groupConfig(module: QuantizedModule): Record<string, unknown> {
  const { weights, activations } = module.policy;
  const isInteger = weights.kind === 'integer';
  const grouped = isInteger && weights.granularity === 'perGroup';
  return {
    format: formOf(module.policy),
    weights: {
      num_bits: weights.bits,
      type: isInteger ? 'int' : 'float',
      symmetric: !isInteger || weights.symmetric,
      strategy: grouped ? 'group' : 'channel',
      group_size: grouped ? groupSizeOf(module) : null,
      block_structure: null,
      dynamic: false,
      actorder: hasGroupIndex(module.policy) ? 'group' : null,
      observer: 'minmax',
      observer_kwargs: {},
    },
    input_activations:
      activations === null
        ? null
        : {
            num_bits: activations.bits,
            type: 'int',
            symmetric: true,
            strategy: activations.granularity === 'perToken' ? 'token' : 'tensor',
            group_size: null,
            block_structure: null,
            dynamic: true,
            actorder: null,
            observer: null,
            observer_kwargs: {},
          },
    output_activations: null,
  };
}
