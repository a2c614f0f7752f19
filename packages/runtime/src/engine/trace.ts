/** @file Tap statistics of single runs, put together over sequences. */
import { InternalError } from '@bitcliff/core';
import type { LinearModule } from '../architecture.ts';
import { mirrorGram, sumGramBlocks } from '../graph/gram-blocks.ts';
import type { TapStatistics } from '../graph/tap-graph.ts';
import type { TapOptions, TapPoint, TapRecord, TapValues } from '../taps.ts';
import type { BlockObserver } from './forward.ts';
import type { Ort, OrtTensor } from './ort.ts';

/** Points of {@link TapOptions} by default. */
const INPUTS: readonly TapPoint[] = ['attn.qkv.input', 'attn.out.input', 'mlp.up.input', 'mlp.down.input'];

/** What {@link createTrace} collects. */
export interface Trace {
  readonly observer: BlockObserver;
  /** By layer, then point, then variant. */
  records(): TapRecord[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * @param variants names; the baseline, if it runs, comes first
 * @param options.linears the linear layers of a block
 * @param lengths tokens of each sequence
 */
export function createTrace(
  variants: readonly string[],
  options: TapOptions & {
    readonly ort: Ort;
    readonly baseline: boolean;
    readonly layers: number;
    readonly linears: readonly LinearModule[];
  },
  lengths: readonly number[],
): Trace {
  const {
    points = INPUTS,
    channels = true,
    threshold = null,
    tokens = true,
    gram = false,
    onValues,
  } = options;
  const compare = options.baseline && variants.length > 1 && (options.difference ?? true);
  const totalTokens = lengths.reduce((a, b) => a + b, 0);
  const starts = lengths.map((_, i) => lengths.slice(0, i).reduce((a, b) => a + b, 0));
  const tapsOf = (variant: number): ReadonlyMap<TapPoint, TapStatistics> => {
    const isBaseline = compare && variant === 0;
    const values = onValues !== undefined || isBaseline;
    const difference = compare && !isBaseline;
    return new Map(points.map((point) => [point, { channels, threshold, tokens, gram, difference, values }]));
  };
  const taps = variants.map((_, v) => tapsOf(v));
  const found = new Map<string, Mutable<TapRecord>>();
  let baselineValues: Record<string, OrtTensor> = {};
  // the baseline's values live until the other variants of the row have run
  const memory = { baseline: new Map<TapPoint, Float32Array>(), others: new Map<TapPoint, Float32Array>() };
  const longest = Math.max(...lengths);

  /** Where the values of a row go: new memory for each row would be the slowest part of a tap. */
  const valuesOf = (variant: number, point: TapPoint, S: number): OrtTensor => {
    const buffers = compare && variant === 0 ? memory.baseline : memory.others;
    const features = widthOf(options.linears, point);
    const buffer = buffers.get(point) ?? new Float32Array(longest * features);
    buffers.set(point, buffer);
    return new options.ort.Tensor('float32', buffer.subarray(0, S * features), [S, features]);
  };

  const recordOf = (variant: number, layer: number, point: TapPoint): Mutable<TapRecord> => {
    const key = `${layer} ${point} ${variant}`;
    const known = found.get(key);
    if (known !== undefined) return known;
    const features = widthOf(options.linears, point);
    const fresh: Mutable<TapRecord> = {
      variant: variants[variant]!,
      layer,
      point,
      tokens: totalTokens,
      features,
      channels: channels ? { absMax: new Float32Array(features), meanAbs: new Float64Array(features) } : null,
      above: threshold === null ? null : new Float64Array(features),
      perToken: tokens
        ? {
            mean: new Float32Array(totalTokens),
            std: new Float32Array(totalTokens),
            int8Error: new Float32Array(totalTokens),
          }
        : null,
      gram: gram ? new Float64Array(features * features) : null,
      difference: compare && variant > 0 ? { norm: 0, baselineNorm: 0 } : null,
    };
    found.set(key, fresh);
    return fresh;
  };

  return {
    observer: {
      taps: (variant) => taps[variant]!,
      feeds: (variant) => (compare && variant > 0 ? baselineValues : {}),
      written: (variant, S) =>
        Object.fromEntries(
          points
            .filter((point) => taps[variant]!.get(point)!.values)
            .map((point) => [`${point}.values`, valuesOf(variant, point, S)]),
        ),
      take(variant, layer, sequence, outputs) {
        if (compare && variant === 0) baselineValues = {};
        for (const point of points) {
          const output = (name: string): Float32Array => {
            const tensor = outputs[name];
            if (tensor === undefined) throw new InternalError(`no output "${name}"`);
            return tensor.data as Float32Array;
          };
          const read = (name: string): Float32Array => output(`${point}.${name}`);
          if (compare && variant === 0) baselineValues[`${point}.baseline`] = outputs[`${point}.values`]!;
          const S = lengths[sequence]!;
          const record = recordOf(variant, layer, point);
          const { features } = record;
          if (record.channels !== null) {
            const { absMax, meanAbs } = record.channels;
            const max = read('absMax');
            const sum = read('sumAbs');
            for (let i = 0; i < features; i++) {
              absMax[i] = Math.max(absMax[i]!, max[i]!);
              meanAbs[i]! += sum[i]! / totalTokens;
            }
          }
          if (record.above !== null) add(record.above, read('above'));
          if (record.perToken !== null) {
            const variance = read('variance');
            const error = read('int8Error');
            record.perToken.mean.set(read('mean').subarray(0, S), starts[sequence]!);
            for (let t = 0; t < S; t++) {
              record.perToken.std[starts[sequence]! + t] = Math.sqrt(variance[t]!);
              record.perToken.int8Error[starts[sequence]! + t] = Math.sqrt(error[t]! / features);
            }
          }
          if (record.gram !== null) sumGramBlocks(record.gram, point, features, output);
          if (record.difference !== null) {
            // norms are kept squared until the end
            record.difference = {
              norm: record.difference.norm + sumOf(read('difference')),
              baselineNorm: record.difference.baselineNorm + sumOf(read('reference')),
            };
          }
          if (onValues !== undefined) {
            const values: TapValues = {
              variant: variants[variant]!,
              layer,
              point,
              sequence,
              data: read('values'),
              tokens: S,
              features,
            };
            onValues(values);
          }
        }
      },
    },
    records() {
      const records: TapRecord[] = [];
      for (let layer = 0; layer < options.layers; layer++) {
        for (const point of points) {
          for (const v of variants.keys()) {
            const record = found.get(`${layer} ${point} ${v}`);
            if (record === undefined) continue;
            const { difference, features } = record;
            records.push({
              ...record,
              gram: record.gram && mirrorGram(record.gram, features),
              difference:
                difference === null
                  ? null
                  : { norm: Math.sqrt(difference.norm), baselineNorm: Math.sqrt(difference.baselineNorm) },
            });
          }
        }
      }
      return records;
    },
  };
}

/** Features of a tap. */
function widthOf(linears: readonly LinearModule[], point: TapPoint): number {
  const own = linears.filter(({ role }) => point.startsWith(`${role}.`));
  if (point.endsWith('.input')) return own[0]!.inFeatures;
  return own.reduce((sum, { outFeatures }) => sum + outFeatures, 0);
}

function add(total: Float64Array, part: Float32Array): void {
  for (let i = 0; i < total.length; i++) total[i]! += part[i]!;
}

function sumOf(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
