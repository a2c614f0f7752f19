/** @file Axes of charts. Vega-Lite puts titles and fields into expressions: they are our own words here, never names from a study. */

/** An axis of numbers, or of categories in the order of the data. */
export interface Axis {
  /** With its unit. */
  readonly title: string;
  /** @default 'linear' */
  readonly scale?: 'linear' | 'log' | 'category';
  /** Start at 0. @default false */
  readonly zero?: boolean;
  /** Ticks at whole numbers alone. @default false */
  readonly whole?: boolean;
}

/** How a Vega-Lite encoding says it. @param values what is drawn along the axis */
export function axisEncoding(
  field: string,
  { title, scale = 'linear', zero = false, whole = false }: Axis,
  values: readonly (string | number)[],
): Record<string, unknown> {
  if (scale === 'category') {
    const places = new Set(values).size;
    const isWide = places > 4;
    // Vega takes letters to be wider than they are
    const labels = { labelAngle: isWide ? -35 : 0, labelLimit: isWide ? 110 : (1.35 * PANEL_WIDTH) / places };
    return {
      field,
      type: 'ordinal',
      title,
      sort: null,
      axis: { ...labels, labelOverlap: false, grid: false },
    };
  }
  const ticks = scale === 'log' ? powersOfTen(values as readonly number[]) : [];
  const axis = {
    labelExpr: TICK_LABEL,
    ...(ticks.length > 1 ? { values: ticks } : { tickCount: 5 }),
    ...(whole ? { tickMinStep: 1 } : {}),
  };
  const type = scale === 'linear' ? { zero, nice: true } : { type: scale };
  return { field, type: 'quantitative', title, scale: type, axis };
}

/** Those between the smallest and the largest value, one more on either side. */
function powersOfTen(values: readonly number[]): number[] {
  const exponents = values.filter((value) => value > 0).map(Math.log10);
  const [first, last] = [Math.floor(Math.min(...exponents)), Math.ceil(Math.max(...exponents))];
  return exponents.length === 0 ? [] : Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}

/** Width and height of a panel's plot: with its labels it fits a phone. */
export const PANEL_WIDTH = 270;
export const PANEL_HEIGHT = 200;

/** Vega's expression for a tick: 1e-5, 0.01, 250, 12k, 7M. */
export const TICK_LABEL: string =
  "datum.value !== 0 && abs(datum.value) < 1e-3 ? format(datum.value, '~e') : abs(datum.value) < 1e4 ? format(datum.value, '.6~r') : format(datum.value, '~s')";
