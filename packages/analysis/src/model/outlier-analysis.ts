import type { ModuleRole } from '@bitcliff/quantize';
import { BASELINE, type Checkpoint, createEngine, type TapPoint } from '@bitcliff/runtime';
import { createOutlierCollector, type OutlierCollector } from '../outliers/outlier-collector.ts';
import type { OutlierRule } from '../outliers/outlier-counter.ts';
import {
  type OutlierDimensionOptions,
  type OutlierDimensions,
  outlierDimensions,
  searchOutlierThreshold,
  type ThresholdSearch,
} from '../outliers/outlier-dimensions.ts';
import { type AnalysisOptions, type CheckpointLabel, labelOf } from './analysis-options.ts';

/** The outlier dimensions of one variant under one rule. */
export interface OutlierRecord extends CheckpointLabel, OutlierDimensions {
  readonly variant: string;
  /** Whose input was looked at. */
  readonly role: ModuleRole;
  readonly rule:
    | { readonly kind: 'threshold'; readonly threshold: number }
    | { readonly kind: 'zScore'; readonly deviations: number };
}

/** Options of {@link findOutlierDimensions}. */
export interface FindOutlierOptions extends AnalysisOptions, OutlierDimensionOptions {
  /** The role whose input is looked at; its width must be the hidden size for dimensions to mean the same in every layer. @default 'attn.qkv' */
  readonly role?: 'attn.qkv' | 'mlp.up' | undefined;
  /** @default 6 */
  readonly threshold?: number | undefined;
  /** @default 4 */
  readonly deviations?: number | undefined;
}

/**
 * Outlier dimensions of a checkpoint by the threshold and by the z-score (arXiv 2305.19268, B.3).
 * @param sequences the samples in all of which a dimension must be one; the paper takes 20
 */
export async function findOutlierDimensions(
  checkpoint: Checkpoint,
  sequences: readonly ArrayLike<number>[],
  options: FindOutlierOptions,
): Promise<OutlierRecord[]> {
  const rules = outlierRules(options);
  const collectors = await collect(checkpoint, sequences, rules, options);
  return outlierRecords(checkpoint, BASELINE, collectors, options);
}

/**
 * The lowest threshold at which a checkpoint has exactly one outlier dimension.
 * @param options.thresholds ascending. @default 1, 1.2 … 16
 */
export async function findOutlierThreshold(
  checkpoint: Checkpoint,
  sequences: readonly ArrayLike<number>[],
  options: FindOutlierOptions & { readonly thresholds?: readonly number[] | undefined },
): Promise<ThresholdSearch & CheckpointLabel> {
  const { thresholds = Array.from({ length: 76 }, (_, i) => (5 + i) / 5) } = options;
  const [collector] = await collect(checkpoint, sequences, [{ kind: 'threshold', thresholds }], options);
  return { ...labelOf(checkpoint), ...searchOutlierThreshold(collector!.counters(BASELINE), options) };
}

async function collect(
  checkpoint: Checkpoint,
  sequences: readonly ArrayLike<number>[],
  rules: readonly OutlierRule[],
  options: FindOutlierOptions,
): Promise<OutlierCollector[]> {
  const collectors = rules.map((rule) => createOutlierCollector(checkpoint.spec.layers, rule));
  const { signal, onProgress, role = 'attn.qkv' } = options;
  const engine = await createEngine(checkpoint, { ...options, recipes: [] });
  try {
    await engine.trace(
      sequences.map((sequence) => Array.from(sequence)),
      {
        signal,
        onProgress,
        points: [`${role}.input`] satisfies TapPoint[],
        channels: false,
        tokens: false,
        onValues(values) {
          for (const collector of collectors) collector.take(values);
        },
      },
    );
  } finally {
    await engine.dispose();
  }
  return collectors;
}

/** The rules of the options: threshold, then z-score. */
export function outlierRules({ threshold = 6, deviations = 4 }: FindOutlierOptions): OutlierRule[] {
  return [
    { kind: 'threshold', thresholds: [threshold] },
    { kind: 'zScore', deviations },
  ];
}

/** The records of one variant. @param collectors of {@link outlierRules} */
export function outlierRecords(
  checkpoint: Checkpoint,
  variant: string,
  collectors: readonly OutlierCollector[],
  options: FindOutlierOptions,
): OutlierRecord[] {
  return collectors.map((collector): OutlierRecord => {
    const counters = collector.counters(variant);
    const { rule } = counters[0]!;
    return {
      ...labelOf(checkpoint),
      variant,
      role: options.role ?? 'attn.qkv',
      rule: rule.kind === 'zScore' ? rule : { kind: 'threshold', threshold: rule.thresholds[0]! },
      ...outlierDimensions(
        counters.map((counter) => counter.coverage()),
        options,
      ),
    };
  });
}
