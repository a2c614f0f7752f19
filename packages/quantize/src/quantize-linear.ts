import type { Kernels, Matrix } from '@bitcliff/kernels';
import { checkFinite, checkInputs } from './internal/check-layers.ts';
import { mapInto } from './internal/map-into.ts';
import type { LinearWeights } from './linear-weights.ts';
import { METHOD_VERSIONS } from './method.ts';
import { quantizeAwqLayer, scaleRows, searchAwqScales } from './methods/awq/awq.ts';
import { gptq } from './methods/gptq/gptq.ts';
import { hqq } from './methods/hqq/hqq.ts';
import { quantizeRtn } from './methods/rtn/rtn.ts';
import { smoothQuantScales } from './methods/smoothquant/smoothquant.ts';
import type { NamedWeight } from './named-weight.ts';
import type { LinearPolicy } from './policy.ts';
import { type ModuleReport, outputErrors, weightErrors } from './report/module-report.ts';
import { storageBits } from './schemes/storage-bits.ts';
import { dequantizeStored, type StoredWeight } from './schemes/stored-weight.ts';
import { createGramForm } from './statistics/gram-form.ts';
import type { InputStatistics } from './statistics/input-statistics.ts';
import type { IntegerScheme, WeightScheme } from './weight-scheme.ts';

/** A quantized linear layer. */
export interface QuantizedLinear {
  readonly name: string;
  /** What a runtime needs. */
  readonly linear: LinearWeights;
  /** What a packer needs: codes of W · inputScale; `null` for layers left in floating point. */
  readonly stored: StoredWeight | null;
  /** f32[in], by which the inputs of the stored weights are divided, to be folded into the layer before (AWQ, SmoothQuant); `null` for none. */
  readonly inputScale: Float32Array | null;
  /** `null` for layers left in floating point, and where none was asked for. */
  readonly report: ModuleReport | null;
}

/** What quantizing needs beside weights and policy. */
export interface QuantizeOptions {
  readonly kernels: Kernels;
  /** What calibration saw; for policies with {@link calibrationNeeds}, and for output errors in the report. */
  readonly inputs?: InputStatistics;
  /** Measure errors. @default true */
  readonly report?: boolean;
}

/**
 * Quantize linear layers that share one input and one policy: q, k and v; gate and up. They share the scales of AWQ and SmoothQuant, and the tensor
 * scale of NVFP4, because programs that run them as one layer have room for one.
 * @param policy `null` leaves the weights as they are
 * @throws {InvalidInputError} when a weight is NaN or infinite, or calibration is missing
 * @throws {ShapeError} when the layers, or the statistics, have other numbers of inputs
 * @example
 * const [q, k, v] = await quantizeLinears([wq, wk, wv], recipe.roles['attn.qkv'], { kernels, inputs });
 */
export async function quantizeLinears(
  linears: readonly NamedWeight[],
  policy: LinearPolicy | null,
  options: QuantizeOptions,
): Promise<QuantizedLinear[]> {
  for (const linear of linears) checkFinite(linear);
  if (policy === null || linears.length === 0) return linears.map(untouched);
  checkInputs(linears, policy, options.inputs);
  const started = performance.now();
  const made = await runMethod(linears, policy, options);
  const seconds = (performance.now() - started) / 1000 / linears.length;
  const { inputs, report = true } = options;
  const form =
    report && inputs && inputs.gram.length > 0 ? createGramForm(inputs.gram, inputs.absMax.length) : null;
  return linears.map(({ name, weight }, i) => {
    const { stored, inputScale, details } = made[i]!;
    const effective = dequantizeStored(stored);
    if (inputScale !== null) unscaleRows(effective, weight.columns, inputScale);
    return {
      name,
      linear: toLinear(stored, policy, inputScale, effective),
      stored,
      inputScale,
      report: report
        ? {
            name,
            method: policy.method.name,
            methodVersion: METHOD_VERSIONS[policy.method.name],
            shape: [weight.rows, weight.columns],
            bits: storageBits(policy, weight) / weight.data.length,
            weight: weightErrors(weight.data, effective),
            output: form && inputs ? outputErrors(form, inputs.tokens, weight.data, effective) : null,
            seconds,
            details,
          }
        : null,
    };
  });
}

/**
 * Quantize the weights of one linear layer as a policy says: {@link quantizeLinears} of one layer, without its report.
 * @param weight W [in, out], finite
 * @param policy `null` leaves the weights as they are
 * @param options.name the tensor, for error messages
 * @throws {InvalidInputError} when a weight is NaN or infinite, or calibration is missing
 */
export async function quantizeLinear(
  weight: Matrix,
  policy: LinearPolicy | null,
  options: QuantizeOptions & { readonly name: string },
): Promise<LinearWeights> {
  const named = [{ name: options.name, weight }];
  const [quantized] = await quantizeLinears(named, policy, { ...options, report: false });
  return quantized!.linear;
}

/** One layer as a method leaves it. */
interface Made {
  readonly stored: StoredWeight;
  readonly inputScale: Float32Array | null;
  readonly details: Readonly<Record<string, number | boolean>>;
}

async function runMethod(
  linears: readonly NamedWeight[],
  { method, weights: scheme }: LinearPolicy,
  { kernels, inputs }: QuantizeOptions,
): Promise<Made[]> {
  const weights = linears.map(({ weight }) => weight);
  switch (method.name) {
    case 'rtn':
    case 'llm-int8': {
      const made: Made[] = [];
      const largest = sharedLargest(weights, scheme);
      for (const weight of weights) {
        const stored = await quantizeRtn(weight, scheme, kernels, largest);
        made.push({ stored, inputScale: null, details: {} });
      }
      return made;
    }
    case 'smoothquant': {
      const inputScale = smoothQuantScales(inputs!.absMax, weights, method.alpha);
      const made: Made[] = [];
      for (const weight of weights) {
        const scaled = { ...weight, data: scaleRows(weight, inputScale) };
        made.push({ stored: await quantizeRtn(scaled, scheme, kernels), inputScale, details: {} });
      }
      return made;
    }
    case 'awq': {
      const { ratio, duo, scales, error } = searchAwqScales(weights, inputs!, scheme, method);
      const largest = sharedLargest(weights, scheme, scales);
      return linears.map(({ name, weight }) => {
        const { stored, clipped } = quantizeAwqLayer(name, weight, inputs!, scales, scheme, method, largest);
        const details = { awqRatio: ratio, awqDuo: duo, awqError: error, awqClipped: clipped };
        return { stored, inputScale: scales, details };
      });
    }
    case 'gptq':
      return weights.map((weight) => {
        const result = gptq(weight, inputs!, scheme as IntegerScheme, method);
        const { loss, dampPercent, deadInputs } = result;
        const details = { gptqLoss: loss, dampPercent, deadInputs };
        return { stored: { kind: 'integer', matrix: result.matrix }, inputScale: null, details };
      });
    case 'hqq':
      return weights.map((weight) => {
        const { matrix, history } = hqq(weight, scheme as IntegerScheme, method);
        const details = { hqqIterations: history.length };
        return { stored: { kind: 'integer', matrix }, inputScale: null, details };
      });
  }
}

/**
 * What a runtime needs of a layer that was quantized earlier and kept as codes.
 * @param layer its `stored` and `inputScale`  @param policy the one it was quantized with
 */
export function restoreLinear(
  { stored, inputScale }: { readonly stored: StoredWeight; readonly inputScale: Float32Array | null },
  policy: LinearPolicy,
): LinearWeights {
  const effective = dequantizeStored(stored);
  if (inputScale !== null) unscaleRows(effective, effective.length / inputScale.length, inputScale);
  return toLinear(stored, policy, inputScale, effective);
}

function toLinear(
  stored: StoredWeight,
  { activations, method }: LinearPolicy,
  inputScale: Float32Array | null,
  effective: Float32Array,
): LinearWeights {
  if (activations === null || stored.kind !== 'integer') return { kind: 'float', weight: effective };
  const { codes, scale } = stored.matrix;
  return {
    kind: 'int8',
    codes: mapInto(new Int8Array(codes.length), codes, (code) => code - 128),
    scale,
    activations,
    inputScale,
    outliers: method.name === 'llm-int8' ? { threshold: method.threshold, scope: method.scope } : null,
  };
}

/** Largest |w| or |w · s| of layers that share their tensor scale; `undefined` for schemes without one. */
function sharedLargest(
  weights: readonly Matrix[],
  scheme: WeightScheme,
  scales?: Float32Array,
): number | undefined {
  if (scheme.kind !== 'nvfp4') return undefined;
  let top = 0;
  for (const weight of weights)
    for (const w of scales === undefined ? weight.data : scaleRows(weight, scales))
      top = Math.max(top, Math.abs(w));
  return top;
}

/** Row j of W divided by s_j, in place. */
function unscaleRows(data: Float32Array, columns: number, scales: Float32Array): void {
  for (let r = 0, i = 0; r < scales.length; r++) {
    for (let j = 0; j < columns; j++, i++) data[i] = data[i]! / scales[r]!;
  }
}

function untouched({ name, weight }: NamedWeight): QuantizedLinear {
  const linear = { kind: 'float', weight: weight.data } as const;
  return { name, linear, stored: null, inputScale: null, report: null };
}
