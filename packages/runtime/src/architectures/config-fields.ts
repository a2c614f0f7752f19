/** @file What the config readers of all architectures share: fields, their errors, rotary scaling. */
import { InvalidInputError, UnsupportedError } from '@bitcliff/core';
import { z } from 'zod';
import type { Activation, RotaryScaling } from '../decoder-spec.ts';

/** A size: an integer from 1 to 10^9. */
export const size: z.ZodInt = z.int().min(1).max(1_000_000_000);

/** Layers: the largest published models have about 130. A list is made per layer, so that a hostile count must not pass. */
export const layerCount: z.ZodInt = z.int().min(1).max(10_000);

/** The rotary fields of config.json, in either spelling. */
export interface RotaryFields {
  rope_type?: string | undefined;
  type?: string | undefined;
  rope_theta?: number | undefined;
  factor?: number | undefined;
  low_freq_factor?: number | undefined;
  high_freq_factor?: number | undefined;
  original_max_position_embeddings?: number | null | undefined;
  attention_factor?: number | null | undefined;
  beta_fast?: number | null | undefined;
  beta_slow?: number | null | undefined;
  mscale?: number | null | undefined;
  mscale_all_dim?: number | null | undefined;
  truncate?: boolean | undefined;
  short_factor?: number[] | undefined;
  long_factor?: number[] | undefined;
}

const rotarySchema: z.ZodType<RotaryFields> = z.looseObject({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: z.number().positive().optional(),
  factor: z.number().positive().optional(),
  low_freq_factor: z.number().positive().optional(),
  high_freq_factor: z.number().positive().optional(),
  original_max_position_embeddings: size.nullish(),
  attention_factor: z.number().positive().nullish(),
  beta_fast: z.number().positive().nullish(),
  beta_slow: z.number().positive().nullish(),
  mscale: z.number().min(0).nullish(),
  mscale_all_dim: z.number().min(0).nullish(),
  truncate: z.boolean().optional(),
  short_factor: z.array(z.number().positive()).optional(),
  long_factor: z.array(z.number().positive()).optional(),
});

/** Fields that many configs have. */
export interface CommonFields {
  tie_word_embeddings?: boolean | undefined;
  bos_token_id?: number | null | undefined;
  eos_token_id?: number | number[] | null | undefined;
}

const commonSchema = {
  tie_word_embeddings: z.boolean().optional(),
  bos_token_id: z.int().nullish(),
  eos_token_id: z.union([z.int(), z.array(z.int())]).nullish(),
};

/** Fields that change what a model computes and that no architecture here reads. */
const FOREIGN_FIELDS = [
  'quantization_config',
  'num_local_experts',
  'num_experts',
  'n_routed_experts',
  'layer_types',
];

/**
 * Check a config.json against the fields of an architecture.
 * @param fields zod shape; other fields are allowed, but for those that no version here understands
 * @throws {InvalidInputError} that lists every wrong field  @throws {UnsupportedError} for a foreign field
 */
export function readConfig<S extends z.ZodRawShape>(
  architecture: string,
  fields: S,
  config: unknown,
  path: string,
): z.infer<z.ZodObject<S>> & CommonFields {
  const parsed = z.looseObject({ ...commonSchema, ...fields }).safeParse(config);
  if (!parsed.success) {
    throw new InvalidInputError({
      op: `${architecture} config`,
      problem: `a field is missing or wrong\n${z.prettifyError(parsed.error)}\n`,
      expected: `the fields of a ${architecture} config.json`,
      path,
    });
  }
  const values = parsed.data as Record<string, unknown>;
  for (const field of FOREIGN_FIELDS) {
    const value = values[field];
    if (value === undefined || value === null || (field === 'layer_types' && isAllFullAttention(value)))
      continue;
    throw unsupported(architecture, field, 'no such field', JSON.stringify(value).slice(0, 80), path);
  }
  return parsed.data as z.infer<z.ZodObject<S>> & CommonFields;
}

function isAllFullAttention(value: unknown): boolean {
  return Array.isArray(value) && value.every((kind) => kind === 'full_attention');
}

/** @throws {UnsupportedError} unless `value` is one of `allowed` */
export function requireValue<T>(
  architecture: string,
  field: string,
  value: T,
  allowed: readonly T[],
  path: string,
): void {
  if (allowed.includes(value)) return;
  const expected = allowed.map((one) => JSON.stringify(one)).join(' or ');
  throw unsupported(architecture, field, expected, JSON.stringify(value), path);
}

/** The name of an activation in config.json. */
export function readActivation(architecture: string, field: string, name: string, path: string): Activation {
  const known: Record<string, Activation> = {
    silu: 'silu',
    swish: 'silu',
    gelu: 'gelu',
    gelu_new: 'geluTanh',
    gelu_fast: 'geluTanh',
    gelu_pytorch_tanh: 'geluTanh',
    relu: 'relu',
  };
  const activation = Object.hasOwn(known, name) ? known[name] : undefined;
  if (activation === undefined) {
    throw unsupported(architecture, field, `one of: ${Object.keys(known).join(', ')}`, `"${name}"`, path);
  }
  return activation;
}

/** Heads, key/value heads and head size, checked against each other. */
export function readHeads(
  architecture: string,
  fields: {
    hiddenSize: number;
    heads: number;
    kvHeads?: number | null | undefined;
    headDim?: number | null | undefined;
  },
  path: string,
): { heads: number; kvHeads: number; headDim: number } {
  const { heads } = fields;
  const kvHeads = fields.kvHeads ?? heads;
  const headDim = fields.headDim ?? fields.hiddenSize / heads;
  if (heads % kvHeads !== 0) {
    throw wrong(
      architecture,
      'num_key_value_heads',
      `a divisor of num_attention_heads (${heads})`,
      kvHeads,
      path,
    );
  }
  if (!Number.isInteger(headDim)) {
    throw wrong(
      architecture,
      'head_dim',
      'an integer (hidden_size / num_attention_heads unless given)',
      headDim,
      path,
    );
  }
  return { heads, kvHeads, headDim };
}

type OptionalRotary = z.ZodOptional<z.ZodNullable<z.ZodType<RotaryFields>>>;

/** zod shape of the rotary fields, in the 4.x and the 5.x spelling of transformers. */
export interface RotaryShape {
  rope_theta: z.ZodOptional<z.ZodNullable<z.ZodNumber>>;
  rope_scaling: OptionalRotary;
  rope_parameters: OptionalRotary;
  original_max_position_embeddings: z.ZodOptional<z.ZodNullable<z.ZodInt>>;
}

export const rotaryFields: RotaryShape = {
  rope_theta: z.number().positive().nullish(),
  rope_scaling: rotarySchema.nullish(),
  rope_parameters: rotarySchema.nullish(),
  original_max_position_embeddings: size.nullish(),
};

/**
 * Base and scaling of rotary positions. `original_max_position_embeddings` of yarn is `max_position_embeddings` unless given, and its other
 * fields have the defaults of transformers 4.57; `dynamic` counts from `max_position_embeddings` whatever else is given, as transformers does.
 * @param defaults.theta the architecture's default of rope_theta  @param dims features of a head that are rotated
 */
export function readRotary(
  architecture: string,
  config: {
    max_position_embeddings: number;
    original_max_position_embeddings?: number | null | undefined;
    rope_theta?: number | null | undefined;
    rope_scaling?: RotaryFields | null | undefined;
    rope_parameters?: RotaryFields | null | undefined;
  },
  { theta: fallback, dims }: { readonly theta: number; readonly dims: number },
  path: string,
): { theta: number; scaling: RotaryScaling } {
  const theta = config.rope_parameters?.rope_theta ?? config.rope_theta ?? fallback;
  const fields = config.rope_parameters ?? config.rope_scaling;
  const kind = fields?.rope_type ?? fields?.type ?? 'default';
  const need = (name: keyof RotaryFields): number => {
    const value = fields?.[name];
    if (typeof value === 'number') return value;
    throw wrong(architecture, `rope_scaling.${String(name)}`, 'a positive number', value, path);
  };
  switch (kind) {
    case 'default':
      return { theta, scaling: { kind: 'none' } };
    case 'linear':
      return { theta, scaling: { kind: 'linear', factor: need('factor') } };
    case 'llama3':
      return {
        theta,
        scaling: {
          kind: 'llama3',
          factor: need('factor'),
          lowFrequencyFactor: need('low_freq_factor'),
          highFrequencyFactor: need('high_freq_factor'),
          originalMaxPositions: need('original_max_position_embeddings'),
        },
      };
    case 'dynamic':
      return {
        theta,
        scaling: {
          kind: 'dynamic',
          factor: need('factor'),
          originalMaxPositions: config.max_position_embeddings,
        },
      };
    case 'yarn':
      return {
        theta,
        scaling: {
          kind: 'yarn',
          factor: need('factor'),
          originalMaxPositions: fields?.original_max_position_embeddings ?? config.max_position_embeddings,
          betaFast: fields?.beta_fast ?? 32,
          betaSlow: fields?.beta_slow ?? 1,
          truncate: fields?.truncate ?? true,
          attentionFactor: fields?.attention_factor ?? yarnAttentionFactor(need('factor'), fields ?? {}),
        },
      };
    case 'longrope': {
      const factors = (name: 'short_factor' | 'long_factor'): readonly number[] => {
        const values = fields?.[name];
        if (values?.length === dims / 2) return values;
        const received = values === undefined ? values : `${values.length} numbers`;
        throw wrong(architecture, `rope_scaling.${name}`, `${dims / 2} positive numbers`, received, path);
      };
      // where the length of pretraining stands beside max_position_embeddings, as in Phi 3, their ratio is the factor, in the 4.x spelling even if one is given
      const beside = config.original_max_position_embeddings ?? null;
      const original = beside ?? fields?.original_max_position_embeddings ?? config.max_position_embeddings;
      const ratio = config.max_position_embeddings / original;
      const isRatio = beside !== null && !config.rope_parameters;
      const factor = isRatio ? ratio : (fields?.factor ?? ratio);
      const recommended = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
      return {
        theta,
        scaling: {
          kind: 'longrope',
          shortFactors: factors('short_factor'),
          longFactors: factors('long_factor'),
          originalMaxPositions: original,
          attentionFactor: fields?.attention_factor ?? recommended,
        },
      };
    }
    default:
      throw unsupported(
        architecture,
        'rope_scaling.rope_type',
        'one of: default, linear, dynamic, llama3, yarn, longrope',
        `"${kind}"`,
        path,
      );
  }
}

/** The factor on cosines and sines that YaRN recommends, or the ratio of two that DeepSeek's configs ask for. */
function yarnAttentionFactor(factor: number, { mscale, mscale_all_dim: all }: RotaryFields): number {
  const recommended = (scale: number): number => (factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1);
  return mscale && all ? recommended(mscale) / recommended(all) : recommended(1);
}

/** Leading features of a head that rotary positions turn. @param share of the head, in (0, 1] */
export function rotaryDims(architecture: string, headDim: number, share: number, path: string): number {
  const dims = Math.floor(headDim * share);
  if (dims >= 2 && dims <= headDim && dims % 2 === 0) return dims;
  throw wrong(
    architecture,
    'rotary dimensions',
    `an even integer from 2 to head_dim (${headDim})`,
    dims,
    path,
  );
}

/** BOS, EOS and whether the head is tied. @param tiedByDefault what the architecture does when config.json is silent */
export function readTokens(
  config: CommonFields,
  tiedByDefault?: boolean,
): { bosTokenId: number | undefined; eosTokenIds: number[]; tied: boolean | undefined } {
  const eos = config.eos_token_id ?? [];
  return {
    bosTokenId: config.bos_token_id ?? undefined,
    eosTokenIds: typeof eos === 'number' ? [eos] : eos,
    tied: config.tie_word_embeddings ?? tiedByDefault,
  };
}

function unsupported(
  architecture: string,
  field: string,
  expected: string,
  received: string,
  path: string,
): UnsupportedError {
  return new UnsupportedError({
    op: `${architecture} config`,
    problem: `${field} is not supported`,
    expected,
    received,
    path,
  });
}

function wrong(
  architecture: string,
  field: string,
  expected: string,
  received: unknown,
  path: string,
): InvalidInputError {
  const op = `${architecture} config`;
  return new InvalidInputError({
    op,
    problem: `${field} is wrong`,
    expected,
    received: String(received),
    path,
  });
}
