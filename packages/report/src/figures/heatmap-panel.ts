import type { Panel } from '../report.ts';

/** A cell of a heatmap. */
export interface HeatmapCell {
  readonly x: string | number;
  readonly y: string | number;
  readonly value: number;
  readonly tip: string;
}

/** Options of {@link heatmapPanel}. */
export interface HeatmapOptions {
  readonly title: string | null;
  readonly y: string;
  /** What colour means, with its unit. */
  readonly value: string;
  /** Of the colour scale, shared by the panels of a figure. */
  readonly domain: readonly [number, number];
  /** @default 'linear' */
  readonly scale?: 'linear' | 'log' | 'symlog' | 'sqrt';
}

/** Coloured cells; columns and rows in the order of the data. A value that is not finite leaves its cell empty. */
export function heatmapPanel(all: readonly HeatmapCell[], options: HeatmapOptions): Panel {
  const values = all.filter((cell) => Number.isFinite(cell.value));
  const { title, y, value, domain, scale = 'linear' } = options;
  const columns = new Set(values.map((cell) => cell.x)).size;
  const rows = new Set(values.map((cell) => cell.y)).size;
  const axis = { grid: false, labelLimit: 90, labelOverlap: true };
  return {
    title,
    spec: {
      width: Math.min(240, Math.max(120, columns * 42)),
      height: Math.min(320, Math.max(40, rows * 22)),
      data: { values },
      mark: { type: 'rect' },
      encoding: {
        x: {
          field: 'x',
          type: 'ordinal',
          sort: null,
          title: null,
          axis: { ...axis, labelAngle: -35, labelOverlap: false },
        },
        y: { field: 'y', type: 'ordinal', sort: null, title: y, axis },
        color: {
          field: 'value',
          type: 'quantitative',
          title: value,
          scale: { type: scale, domain, scheme: 'viridis' },
          legend: {
            orient: 'bottom',
            direction: 'horizontal',
            gradientLength: 150,
            titleLimit: 240,
            format: '.2~r',
            tickCount: 3,
          },
        },
        description: { field: 'tip', type: 'nominal' },
      },
    },
  };
}

/** Smallest and largest finite value, never equal; [0, 1] without any. */
export function valueDomain(values: readonly number[]): readonly [number, number] {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  if (min > max) return [0, 1];
  return min < max ? [min, max] : [min - (Math.abs(min) || 1) / 2, max + (Math.abs(max) || 1) / 2];
}
