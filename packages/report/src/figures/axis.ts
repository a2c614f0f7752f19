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

/** How a Vega-Lite encoding says it. @param values with the categories of the axis */
export function axisEncoding(
  field: string,
  { title, scale = 'linear', zero = false }: Axis,
  values: readonly { readonly x: unknown }[] = [],
): Record<string, unknown> {
  if (scale === 'category') {
    const places = new Set(values.map(({ x }) => x)).size;
    const isWide = places > 4;
    const labels = { labelAngle: isWide ? -35 : 0, labelLimit: isWide ? 90 : PANEL_WIDTH / places - 4 };
    return {
      field,
      type: 'ordinal',
      title,
      sort: null,
      axis: { ...labels, labelOverlap: false, grid: false },
    };
  }
  const type =
    scale === 'linear' ? { zero, nice: true } : scale === 'log' ? { type: 'log' } : { type: 'symlog' };
  return { field, type: 'quantitative', title, scale: type, axis: { labelExpr: TICK_LABEL, tickCount: 5 } };
}

/** Width and height of a panel's plot: with its labels it fits a phone. */
export const PANEL_WIDTH = 270;
export const PANEL_HEIGHT = 200;

/** Vega's expression for a tick: 1e-5, 0.01, 250, 12k, 7M. */
export const TICK_LABEL: string =
  "datum.value !== 0 && abs(datum.value) < 1e-3 ? format(datum.value, '~e') : abs(datum.value) < 1e4 ? format(datum.value, '.6~r') : format(datum.value, '~s')";
