import { createRng } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import {
  readGolden,
  readMatrix,
  readMeta,
  transpose,
  worst,
  worstRelative,
} from '../../../test/read-golden.ts';
import { fakeQuantize } from '../../schemes/encode-weight.ts';
import { dequantizeStored } from '../../schemes/stored-weight.ts';
import { collectInputStatistics } from '../../statistics/input-statistics.ts';
import type { IntegerScheme } from '../../weight-scheme.ts';
import { quantizeAwqLayer, scaleRows, searchAwqScales } from './awq.ts';
import { searchAwqClip } from './awq-clip.ts';

const scheme = (bits: number, groupSize: number | null): IntegerScheme => ({
  kind: 'integer',
  bits,
  symmetric: false,
  grid: 'awq',
  granularity: groupSize === null ? 'perColumn' : 'perGroup',
  groupSize,
  rounding: 'halfToEven',
  scaleDtype: 'F32',
});
/** Errors are sums of f32 products: 40 tokens · 64 inputs. */
const F32_ERROR = 1e-5;

describe('golden/awq', () => {
  const meta = readMeta('awq');
  const X = readMatrix('awq/X');
  const W = readMatrix('awq/W', true);
  const collector = collectInputStatistics(64);
  collector.add(X);
  const inputs = collector.finish();

  it('means of |x|', () => {
    expect(worstRelative(inputs.meanAbs, readGolden('awq/x_mean_abs').values)).toBeLessThanOrEqual(2 ** -23);
  });

  describe.each(['w4g32', 'w3g64'])('%s', (name) => {
    const golden = meta.cases[name];
    const s = scheme(golden.bits, golden.group);

    it('scale search', () => {
      const found = searchAwqScales([W], inputs, s, {
        gridPoints: 20,
        scaling: 'activations',
        neverWorse: false,
      });
      const far = worstRelative(found.history, golden.history);
      expect(far, `max relative |diff| of the errors ${far}`).toBeLessThan(F32_ERROR);
      expect(found.ratio).toBe(golden.best_ratio);
      const scales = worstRelative(found.scales, readGolden(`awq/${name}_best_scales`).values);
      expect(scales, `max relative |diff| of the scales ${scales}`).toBeLessThan(1e-6);
      const rounded = fakeQuantize({ ...W, data: scaleRows(W, found.scales) }, s);
      const unscaled = rounded.map((x, i) => x / found.scales[Math.floor(i / W.columns)]!);
      const weights = worst(unscaled, readMatrix(`awq/${name}_best_W`, true).data);
      expect(weights, `max |diff| of the weights ${weights}`).toBeLessThan(1e-6);
    });

    it('duo scaling', () => {
      const found = searchAwqScales([W], inputs, s, { gridPoints: 20, scaling: 'duo', neverWorse: false });
      const far = worstRelative(found.history, golden.duo_scaling.history);
      expect(far, `max relative |diff| of the errors ${far}`).toBeLessThan(F32_ERROR);
      expect(found.ratio).toBe(golden.duo_scaling.best_ratio);
      if (name !== 'w4g32') return;
      expect(worstRelative(found.scales, readGolden('awq/w4g32_duo_best_scales').values)).toBeLessThan(1e-6);
    });

    it('clip search', () => {
      const { scales } = searchAwqScales([W], inputs, s, {
        gridPoints: 20,
        scaling: 'activations',
        neverWorse: false,
      });
      const clip = searchAwqClip({ ...W, data: scaleRows(W, scales) }, inputs, scales, s);
      const groups = 64 / golden.group;
      const part = (what: string) => transpose(readGolden(`awq/${name}_clip_${what}`).values, 64, groups);
      const [max, error, stable] = [part('max'), part('error'), part('stable')];
      let checked = 0;
      for (let i = 0; i < max.length; i++) {
        if (stable[i] === 0) continue; // its winner hangs on the last bit of a tie, see meta.json
        expect(Math.abs(clip.error[i]! / error[i]! - 1), `error of group ${i}`).toBeLessThan(1e-4);
        expect(Math.abs(clip.max[i]! / max[i]! - 1), `range of group ${i}`).toBeLessThan(1e-6);
        checked++;
      }
      expect(checked).toBeGreaterThan(max.length / 2);
    });
  });
});

describe('awq', () => {
  const rng = createRng(4);
  const [K, N] = [200, 30];
  const X = Float32Array.from({ length: 400 * K }, (_, i) => rng.normal() * (i % K === 3 ? 40 : 1));
  const collector = collectInputStatistics(K);
  collector.add({ data: X, rows: 400, columns: K });
  const inputs = collector.finish();
  const weight = { data: Float32Array.from({ length: K * N }, () => rng.normal()), rows: K, columns: N };
  const error = (w: Float32Array): number => {
    let sum = 0; // in float64, from the inputs themselves
    for (let t = 0; t < 400; t++) {
      for (let n = 0; n < N; n++) {
        let y = 0;
        for (let k = 0; k < K; k++) y += X[t * K + k]! * (w[k * N + n]! - weight.data[k * N + n]!);
        sum += y * y;
      }
    }
    return sum / (400 * N);
  };

  it.each([
    [3, 128],
    [4, 64],
    [4, null],
  ])(
    '%i bits, groups of %s: the error is that of the outputs, less than that of rounding, and clipping helps',
    (bits, groupSize) => {
      const s = scheme(bits, groupSize);
      const found = searchAwqScales([weight], inputs, s, {
        gridPoints: 20,
        scaling: 'activations',
        neverWorse: false,
      });
      const unscale = (w: Float32Array) => w.map((x, i) => x / found.scales[Math.floor(i / N)]!);
      const without = quantizeAwqLayer('fc1', weight, inputs, found.scales, s, { clip: 'none' });
      const scaledError = error(unscale(dequantizeStored(without.stored)));
      expect(Math.abs(found.error / scaledError - 1)).toBeLessThan(1e-4);
      expect(scaledError).toBeLessThan(error(fakeQuantize(weight, s)));
      const clipped = quantizeAwqLayer('fc1', weight, inputs, found.scales, s, { clip: 'all' });
      expect(clipped.clipped).toBe(true);
      expect(error(unscale(dequantizeStored(clipped.stored)))).toBeLessThan(scaledError);
    },
  );

  it('shares the scales of layers with one input', () => {
    const s = scheme(4, 64);
    const options = { gridPoints: 20, scaling: 'activations', neverWorse: false } as const;
    const columns = (from: number, to: number) => ({
      data: Float32Array.from(
        { length: K * (to - from) },
        (_, i) => weight.data[Math.floor(i / (to - from)) * N + from + (i % (to - from))]!,
      ),
      rows: K,
      columns: to - from,
    });
    const whole = searchAwqScales([weight], inputs, s, options);
    const parts = searchAwqScales([columns(0, 10), columns(10, 30)], inputs, s, options);
    expect(parts.ratio).toBe(whole.ratio);
    expect(worstRelative(parts.history, whole.history)).toBeLessThan(1e-6);
  });

  it('leaves query and key projections unclipped where a preset says so', () => {
    const scales = new Float32Array(K).fill(1);
    const clipped = (name: string) =>
      quantizeAwqLayer(name, weight, inputs, scales, scheme(4, 64), { clip: 'notQueryOrKey' }).clipped;
    expect(clipped('model.layers.0.self_attn.q_proj.weight')).toBe(false);
    expect(clipped('h.0.self_attention.query_key_value.weight')).toBe(false);
    expect(clipped('model.layers.0.self_attn.v_proj.weight')).toBe(true);
  });

  it('with neverWorse, leaves out scales that help one layer at the cost of another', () => {
    const s = scheme(3, null);
    const search = (layers: (typeof weight)[], neverWorse: boolean) =>
      searchAwqScales(layers, inputs, s, { gridPoints: 20, scaling: 'activations', neverWorse });
    // two outputs that lose by scaling: their weights are exact without it
    const exact = { data: new Float32Array(K * 2), rows: K, columns: 2 };
    for (let k = 0; k < K; k++) exact.data.fill(k === 3 ? 0 : (k % 8) - 3, 2 * k, 2 * k + 2);
    const layers = [weight, exact];
    const [free, guarded] = [search(layers, false), search(layers, true)];
    const alone = layers.map((layer) => search([layer], false).history);
    const error = (layer: number, ratio: number) => alone[layer]![Math.round(ratio * 20)]!;
    expect([0, 1].some((l) => error(l, free.ratio) > error(l, 0))).toBe(true);
    for (const l of [0, 1]) expect(error(l, guarded.ratio)).toBeLessThanOrEqual(error(l, 0));
    expect(guarded.history).toEqual(free.history);
  });

  it('searches no scales when it is told so', () => {
    const method = { gridPoints: 20, scaling: 'none', neverWorse: false } as const;
    const { scales, history } = searchAwqScales([weight], inputs, scheme(4, 64), method);
    expect(history).toHaveLength(1);
    expect(new Set(scales)).toEqual(new Set([1]));
  });

  it('always has plain rounding among the candidates of duo-or-none', () => {
    const s = scheme(4, 64);
    const found = searchAwqScales([weight], inputs, s, {
      gridPoints: 20,
      scaling: 'duo-or-none',
      neverWorse: false,
    });
    expect(found.history).toHaveLength(20);
    expect(Math.abs(found.history[0]! / error(fakeQuantize(weight, s)) - 1)).toBeLessThan(1e-4);
  });
});
