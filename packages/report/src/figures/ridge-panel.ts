import type { Panel } from '../report.ts';
import { PANEL_WIDTH, TICK_LABEL } from './axis.ts';

/** The distribution of one layer. */
export interface Ridge {
  readonly layer: number;
  readonly min: number;
  readonly max: number;
  readonly counts: readonly number[];
  readonly tip: string;
}

/** Most bins that are drawn; finer ones are added up. */
const MAX_BINS = 32;

/** Histograms of layers above each other, layer 0 at the top. Heights are square roots of densities, so that tails can be seen. */
export function ridgePanel(
  ridges: readonly Ridge[],
  { title, x }: { readonly title: string | null; readonly x: string },
): Panel {
  const tallest = Math.max(...ridges.flatMap((ridge) => densities(ridge)));
  const values = ridges.flatMap((ridge) => {
    const heights = densities(ridge);
    const width = (ridge.max - ridge.min) / heights.length;
    const ends = [...heights, 0];
    return ends.map((density, i) => ({
      x: ridge.min + i * width,
      base: ridge.layer,
      top: ridge.layer - 0.95 * Math.sqrt(density / tallest),
      tip: ridge.tip,
    }));
  });
  const layers = ridges.map(({ layer }) => layer);
  const last = Math.max(...layers);
  return {
    title,
    spec: {
      width: PANEL_WIDTH - 20,
      height: Math.min(420, Math.max(90, ridges.length * 26)),
      data: { values },
      mark: {
        type: 'area',
        interpolate: 'step-after',
        fillOpacity: 0.55,
        strokeWidth: 0.8,
        line: false,
        color: '#56B4E9',
      },
      encoding: {
        x: {
          field: 'x',
          type: 'quantitative',
          title: x,
          scale: { zero: false, nice: false },
          axis: { labelExpr: TICK_LABEL, tickCount: 5 },
        },
        y: {
          field: 'base',
          type: 'quantitative',
          title: 'layer',
          scale: { domain: [last, Math.min(...layers) - 1], nice: false, zero: false },
          axis: { values: ticks(layers), format: 'd' },
        },
        y2: { field: 'top' },
        detail: { field: 'base', type: 'nominal' },
        description: { field: 'tip', type: 'nominal' },
      },
    },
  };
}

/** At most about twelve labels. */
function ticks(layers: readonly number[]): number[] {
  const every = Math.ceil(layers.length / 12);
  return layers.filter((_, i) => i % every === 0);
}

/** Share of values in a bin over its width. */
function densities({ min, max, counts }: Ridge): number[] {
  const merge = Math.ceil(counts.length / MAX_BINS);
  const merged = Array.from({ length: Math.ceil(counts.length / merge) }, (_, i) =>
    counts.slice(i * merge, (i + 1) * merge).reduce((a, b) => a + b, 0),
  );
  const total = merged.reduce((a, b) => a + b, 0);
  const width = (max - min) / merged.length;
  return merged.map((n) => (total === 0 ? 0 : n / total / width));
}
