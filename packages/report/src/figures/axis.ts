/** @file Axes of charts. Vega-Lite puts titles and fields into expressions: they are our own words here, never names from a study. */

/** An axis of numbers, or of categories in the order of the data. */
export interface Axis {
  /** With its unit. */
  readonly title: string;
  /** @default 'linear' */
  readonly scale?: 'linear' | 'log' | 'symlog' | 'category';
  /** Start at 0. @default false */
  readonly zero?: boolean;
}

/** How a Vega-Lite encoding says it. */
export function axisEncoding(
  field: string,
  { title, scale = 'linear', zero = false }: Axis,
): Record<string, unknown> {
  if (scale === 'category') {
    return { field, type: 'ordinal', title, sort: null, axis: { labelLimit: 120, grid: false } };
  }
  const type =
    scale === 'linear' ? { zero, nice: true } : scale === 'log' ? { type: 'log' } : { type: 'symlog' };
  return { field, type: 'quantitative', title, scale: type, axis: { format: '~g', tickCount: 5 } };
}

/** Width and height of a panel's plot: with its labels it fits a phone. */
export const PANEL_WIDTH = 270;
export const PANEL_HEIGHT = 180;
