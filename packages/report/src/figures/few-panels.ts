/** At most this many panels tell something at a glance. */
const MOST_PANELS = 6;

/**
 * The first, the last, and some between, evenly; with a sentence for the caption where some are left out.
 * @param most one alone is the last
 */
export function fewPanels<T>(
  items: readonly T[],
  noun: string,
  most: number = MOST_PANELS,
): { readonly shown: readonly T[]; readonly note: string } {
  if (items.length <= most) return { shown: items, note: '' };
  const every = (items.length - 1) / Math.max(1, most - 1);
  const shown = Array.from(
    { length: most },
    (_, i) => items[most === 1 ? items.length - 1 : Math.round(i * every)]!,
  );
  return { shown, note: ` ${most} of ${items.length} ${noun} are drawn.` };
}
