import { createRng } from '@bitcliff/core';
import { capitalize, createStory } from '../story.ts';
import { balancedLabels, distinctItems } from './distinct-items.ts';

/** One row in the columns of `Rowan/hellaswag`. */
export interface HellaSwagRow {
  readonly ind: number;
  readonly activity_label: string;
  readonly ctx_a: string;
  readonly ctx_b: string;
  readonly ctx: string;
  readonly endings: readonly string[];
  readonly source_id: string;
  readonly split: string;
  readonly split_type: string;
  /** "0" to "3". */
  readonly label: string;
}

/** The wrong endings are the right one with another answer, first the answers that other facts of the story would give. */
export function createHellaSwag(seed: number, count: number): HellaSwagRow[] {
  const labels = balancedLabels(seed + 1, count, 4);
  const order = createRng(seed + 2);
  const stories = distinctItems(seed, count, (rng) => {
    const story = createStory(rng, true);
    return { key: story.opening.join(' '), item: story };
  });
  return stories.map(({ label: activity_label, opening, question }, ind) => {
    const label = labels[ind]!;
    const endings: string[] = order.shuffle([...question.wrong]);
    endings.splice(label, 0, question.ending);
    const [ctx_a, ctx_b] = [opening.join(' '), question.subject];
    return {
      ind,
      activity_label,
      ctx_a,
      ctx_b,
      ctx: `${ctx_a} ${capitalize(ctx_b)}`,
      endings,
      source_id: `toy~${seed}~${ind}`,
      split: 'val',
      split_type: 'indomain',
      label: String(label),
    };
  });
}
