import type { LegendEntry, Panel } from '../report.ts';
import { type Axis, axisEncoding, PANEL_WIDTH } from './axis.ts';
import { seriesScale, ZERO_LINE } from './series-panel.ts';

/** A value of a category, with its 95 % interval where it has one. */
export interface IntervalPoint {
  readonly category: string;
  readonly x: number;
  readonly low?: number;
  readonly high?: number;
  readonly series: string;
  readonly tip: string;
}

/** Categories from top to bottom, in each of them a point and its interval for every series; a dashed line at 0. */
export function intervalPanel(
  values: readonly IntervalPoint[],
  options: { readonly title: string | null; readonly x: Axis; readonly legend: readonly LegendEntry[] },
): Panel {
  const { title, legend } = options;
  const labels = legend.map(({ label }) => label);
  const x = axisEncoding('x', options.x, []);
  const shared = {
    y: {
      field: 'category',
      type: 'ordinal',
      sort: null,
      title: null,
      axis: { labelLimit: 130, grid: true, bandPosition: 0, tickBand: 'extent' },
    },
    yOffset: { field: 'series', type: 'nominal', scale: { domain: labels } },
    color: { ...seriesScale(legend, ({ color }) => color), legend: null },
  };
  const categories = new Set(values.map(({ category }) => category)).size;
  const shape = { ...seriesScale(legend, (entry) => entry.shape), legend: null };
  return {
    title,
    spec: {
      width: PANEL_WIDTH - 60,
      height: Math.max(60, categories * (6 + 9 * Math.max(2, legend.length))),
      data: { values },
      layer: [
        {
          data: { values: [{ zero: 0 }] },
          ...ZERO_LINE,
          encoding: { x: { field: 'zero', type: 'quantitative' } },
        },
        {
          transform: [{ filter: 'isValid(datum.low)' }],
          mark: { type: 'rule', strokeWidth: 1.5, aria: false },
          encoding: { ...shared, x: { ...x, field: 'low' }, x2: { field: 'high' } },
        },
        {
          mark: { type: 'point', filled: true, size: 36, opacity: 1 },
          encoding: { ...shared, x, shape, description: { field: 'tip', type: 'nominal' } },
        },
      ],
    },
  };
}
