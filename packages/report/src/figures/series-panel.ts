import type { LegendEntry, Panel } from '../report.ts';
import { type Axis, axisEncoding, PANEL_HEIGHT, PANEL_WIDTH } from './axis.ts';

/** A point of a series. */
export interface SeriesPoint {
  readonly x: number | string;
  readonly y: number;
  /** Ends of its 95 % interval. */
  readonly low?: number;
  readonly high?: number;
  /** Label of a legend entry. */
  readonly series: string;
  /** What a reader sees who points at it. */
  readonly tip: string;
}

/** Options of {@link seriesPanel}. */
export interface SeriesOptions {
  readonly title: string | null;
  readonly x: Axis;
  readonly y: Axis;
  readonly legend: readonly LegendEntry[];
  /** Connect the points of a series. @default false */
  readonly line?: boolean;
  /** Draw a point for each value; without, the line has the tip of its first point. @default true */
  readonly points?: boolean;
  /** A line at y = 0. @default false */
  readonly zeroLine?: boolean;
}

/** With more points in a panel, they are drawn small. */
const MANY_POINTS = 80;

/** Points, with intervals where they have some, and lines through each series. A value that is not finite, such as the loss of a broken model, is not drawn. */
export function seriesPanel(all: readonly SeriesPoint[], options: SeriesOptions): Panel {
  const values = all.filter(({ y }) => Number.isFinite(y));
  const { title, legend, line = false, points = true, zeroLine = false } = options;
  const x = axisEncoding(
    'x',
    options.x,
    values.map((value) => value.x),
  );
  const y = axisEncoding(
    'y',
    options.y,
    values.map((value) => value.y),
  );
  const color = seriesScale(legend, ({ color }) => color);
  const tip = { field: 'tip', type: 'nominal' };
  const offset = options.x.scale === 'category' && !line ? { xOffset: { field: 'series', sort: null } } : {};
  const shared = { x, color: { ...color, legend: null }, ...offset };
  const layers: Record<string, unknown>[] = [];
  if (zeroLine)
    layers.push({
      data: { values: [{ zero: 0 }] },
      ...ZERO_LINE,
      encoding: { y: { field: 'zero', type: 'quantitative' } },
    });
  if (values.some(({ low }) => low !== undefined)) {
    const ends = { y: { ...y, field: 'low' }, y2: { field: 'high' } };
    layers.push({ mark: { type: 'rule', strokeWidth: 1.5, aria: false }, encoding: { ...shared, ...ends } });
  }
  if (line) {
    const strokeDash = { ...seriesScale(legend, ({ dash }) => dash ?? []), legend: null };
    layers.push({
      mark: { type: 'line', strokeWidth: 1.5, aria: !points },
      encoding: { ...shared, y, strokeDash, ...(points ? {} : { description: tip }) },
    });
  }
  if (points) {
    const shape = { ...seriesScale(legend, ({ shape }) => shape), legend: null };
    layers.push({
      mark: { type: 'point', filled: true, size: values.length > MANY_POINTS ? 14 : 45, opacity: 1 },
      encoding: { ...shared, y, shape, description: tip },
    });
  }
  return {
    title,
    spec: { width: PANEL_WIDTH, height: PANEL_HEIGHT, data: { values }, layer: layers },
  };
}

/** A line that marks nothing lost. */
export const ZERO_LINE: Record<string, unknown> = {
  mark: { type: 'rule', strokeDash: [3, 3], opacity: 0.6, aria: false },
};

/** A scale from the labels of a legend to what one field of it says. */
export function seriesScale(
  legend: readonly LegendEntry[],
  range: (entry: LegendEntry) => unknown,
): Record<string, unknown> {
  const scale = { domain: legend.map(({ label }) => label), range: legend.map(range) };
  return { field: 'series', type: 'nominal', scale };
}
