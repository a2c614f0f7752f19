/** At most this many panels tell something at a glance; tables have the rest. */
const MOST_PANELS = 6;

/**
 * The first, the last, and some between, evenly; with a sentence for the caption where some are left out.
 * @param most at least 2
 */
export function fewPanels<T>(
  items: readonly T[],
  noun: string,
  most: number = MOST_PANELS,
): { readonly shown: readonly T[]; readonly note: string } {
  if (items.length <= most) return { shown: items, note: '' };
  const shown = Array.from(
    { length: most },
    (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]!,
  );
  return { shown, note: ` ${most} of ${items.length} ${noun}; all are in the table.` };
}
