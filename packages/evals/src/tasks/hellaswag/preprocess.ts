import { pyStrip } from '../../text/whitespace.ts';

/**
 * Clean one HellaSwag text, in this order: strip; `" [title]"` becomes `". "`; delete every `[…]` on one line (shortest
 * match); two spaces become one, **once** (three leave two). A deletion at an edge leaves its space there.
 * @example
 * preprocess('[header] How to bake [title] Mix it. [step] Pour'); // ' How to bake. Mix it. Pour'
 * @see lm_eval/tasks/hellaswag/utils.py `preprocess` @ 4e7e0d47
 */
export function preprocess(text: string): string {
  return pyStrip(text)
    .replaceAll(' [title]', '. ')
    .replace(/\[[^\n]*?\]/g, '')
    .replaceAll('  ', ' ');
}
