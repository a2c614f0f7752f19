/** A number as it is printed. @param decimals digits after the point; four significant digits without it */
export function formatNumber(value: number, decimals?: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (decimals !== undefined && size < 1e5) return value.toFixed(decimals).replace(/^-(0(\.0+)?)$/, '$1');
  if (value === 0) return '0';
  if (Number.isInteger(value) && size < 1e15) return String(value);
  return size >= 1e-3 && size < 1e5 ? String(Number(value.toPrecision(4))) : value.toExponential(2);
}

/** With its sign. */
export function formatSigned(value: number, decimals?: number): string {
  const text = formatNumber(value, decimals);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** A p-value in three digits. */
export function formatP(p: number): string {
  return p < 0.001 ? '< 0.001' : p.toFixed(3);
}

/** 100 · share, without the noise of the multiplication. */
export function percent(share: number): number {
  return Number((100 * share).toPrecision(15));
}

/** `1 task`, `3 tasks`. */
export function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** The first names, and how many more there are. */
export function listedShort(names: readonly string[], most = 4): string {
  return names.length <= most
    ? listed(names)
    : `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
}

/** With a capital at the start. */
export function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
