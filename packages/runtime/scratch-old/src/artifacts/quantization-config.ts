/** @file `quantization_config` of config.json, as far as this version reads the weights behind it. */
import { z } from 'zod';

/** A layout of quantized weights that can be read. */
export type QuantizationConfig =
  | { readonly method: 'gptq'; readonly version: 'v1' | 'v2' }
  | { readonly method: 'awq' }
  | {
      readonly method: 'compressed-tensors';
      /** Bits of packed weights, by the modules that they are for. */
      readonly groups: readonly { readonly targets: readonly string[]; readonly bits: number }[];
    };

const gptqSchema = z.looseObject({
  quant_method: z.literal('gptq'),
  checkpoint_format: z.enum(['gptq', 'gptq_v2']).default('gptq'),
});

const awqSchema = z.looseObject({
  quant_method: z.literal('awq'),
  version: z
    .string()
    .regex(/^gemm$/i)
    .default('gemm'),
  bits: z.literal(4),
});

const weightsSchema = z.looseObject({
  num_bits: z.int().min(2).max(8),
  type: z.enum(['int', 'float']),
  strategy: z.enum(['group', 'channel', 'tensor']),
});

const compressedSchema = z.looseObject({
  quant_method: z.literal('compressed-tensors'),
  format: z.enum(['pack-quantized', 'int-quantized', 'float-quantized', 'mixed-precision']),
  kv_cache_scheme: z.null().optional(),
  sparsity_config: z.union([z.null(), z.strictObject({})]).optional(),
  transform_config: z.union([z.null(), z.strictObject({})]).optional(),
  config_groups: z.record(
    z.string(),
    z.looseObject({ targets: z.array(z.string()), weights: weightsSchema }),
  ),
});

/**
 * The layout that a config.json names.
 * @returns `null` when there is none, or one that this version does not read
 */
export function readQuantizationConfig(config: unknown): QuantizationConfig | null {
  const value = (config as { quantization_config?: unknown } | null)?.quantization_config;
  const gptq = gptqSchema.safeParse(value);
  if (gptq.success)
    return { method: 'gptq', version: gptq.data.checkpoint_format === 'gptq_v2' ? 'v2' : 'v1' };
  if (awqSchema.safeParse(value).success) return { method: 'awq' };
  const compressed = compressedSchema.safeParse(value);
  if (!compressed.success) return null;
  const groups = Object.values(compressed.data.config_groups).map(({ targets, weights }) => ({
    targets,
    bits: weights.num_bits,
  }));
  return { method: 'compressed-tensors', groups };
}
