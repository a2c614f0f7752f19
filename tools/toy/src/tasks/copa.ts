import { causeClause, createCause, effectClause, toldCause, toldEffect } from '../causes.ts';
import { capitalize } from '../story.ts';
import { balancedLabels, distinctItems } from './distinct-items.ts';

/** One row in the columns of `aps/super_glue`, `copa`. */
export interface CopaRow {
  readonly premise: string;
  readonly choice1: string;
  readonly choice2: string;
  readonly question: 'cause' | 'effect';
  readonly idx: number;
  readonly label: 0 | 1;
}

/** The wrong choice is the cause or effect of another relation of the same kind. */
export function createCopa(seed: number, count: number): CopaRow[] {
  const labels = balancedLabels(seed + 1, count, 2);
  const items = distinctItems(seed, count, (rng) => {
    const cause = createCause(rng, true);
    const other = rng.pick(cause.group.filter((relation) => relation !== cause.relation));
    const question = rng.pick(['cause', 'effect'] as const);
    const premise = question === 'effect' ? toldCause(cause) : toldEffect(cause);
    const clause = question === 'effect' ? effectClause : causeClause;
    const sentence = (relation: typeof other): string => `${capitalize(clause(cause, relation))}.`;
    const [right, wrong] = [sentence(cause.relation), sentence(other)];
    return { key: `${premise} ${wrong}`, item: { premise: `${premise}.`, right, wrong, question } };
  });
  return items.map(({ premise, right, wrong, question }, idx) => {
    const label = labels[idx] as 0 | 1;
    const [choice1, choice2] = label === 0 ? [right, wrong] : [wrong, right];
    return { premise, choice1, choice2, question, idx, label };
  });
}
