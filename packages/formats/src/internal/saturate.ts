import type { OverflowMode } from '../dtypes/overflow-mode.ts';

/**
 * Replace the infinities of 16-bit codes by the largest finite value, whose code is one below infinity's.
 * @param values what was encoded  @param codes u16[n], changed in place
 * @param mode 'sat' keeps the infinities that were infinities before
 */
export function saturate(
  values: Float32Array | Float64Array,
  codes: Uint16Array,
  infinityCode: number,
  mode: OverflowMode,
): void {
  for (let i = 0; i < codes.length; i++) {
    if ((codes[i]! & 0x7fff) !== infinityCode) continue;
    if (mode === 'satInf' || Number.isFinite(values[i]!)) codes[i]! -= 1;
  }
}
