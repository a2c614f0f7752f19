/** @file Outlier counters for every sequence of every variant, filled from the values that a tap gives. */
import type { TapValues } from '@bitcliff/runtime';
import { createOutlierCounter, type OutlierCounter, type OutlierRule } from './outlier-counter.ts';

/** Fills counters. */
export interface OutlierCollector {
  take(values: TapValues): void;
  /** Of one variant, a counter for each sequence. */
  counters(variant: string): readonly OutlierCounter[];
}

/** @param layers of the model */
export function createOutlierCollector(layers: number, rule: OutlierRule): OutlierCollector {
  const byVariant = new Map<string, OutlierCounter[]>();
  return {
    take({ variant, layer, sequence, data, tokens, features }) {
      const counters = byVariant.get(variant) ?? [];
      byVariant.set(variant, counters);
      counters[sequence] ??= createOutlierCounter({ layers, tokens, features }, rule);
      counters[sequence].add(layer, data.subarray(0, tokens * features));
    },
    counters: (variant) => byVariant.get(variant) ?? [],
  };
}
