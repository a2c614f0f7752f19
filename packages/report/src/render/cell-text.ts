import type { Cell, Column } from '../report.ts';
import { formatNumber } from '../view/format-number.ts';

/** The value of a cell as it is printed. */
export function valueText({ value }: Cell, { decimals }: Column): string {
  if (value === null) return '–';
  return typeof value === 'number' ? formatNumber(value, decimals) : value;
}

/** What stands behind the value: standard error and mark. */
export function errorText({ stderr, mark = '' }: Cell, { decimals }: Column): string {
  return `${stderr == null ? '' : ` ± ${formatNumber(stderr, decimals)}`}${mark}`;
}
