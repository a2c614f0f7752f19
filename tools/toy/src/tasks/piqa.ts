import { answerForm, createGoal, goalQuestion } from '../goals.ts';
import { TOOLS } from '../world.ts';
import { balancedLabels, distinctItems } from './distinct-items.ts';

/** One row in the columns of `ybisk/piqa`. */
export interface PiqaRow {
  readonly goal: string;
  readonly sol1: string;
  readonly sol2: string;
  readonly label: 0 | 1;
}

/** The wrong solution names what another goal takes. */
export function createPiqa(seed: number, count: number): PiqaRow[] {
  const labels = balancedLabels(seed + 1, count, 2);
  const items = distinctItems(seed, count, (rng) => {
    const aim = createGoal(rng, true);
    const answer = answerForm(rng);
    const tool = TOOLS.get(aim.aim)!;
    const goal = goalQuestion(rng, aim);
    const wrong = answer(rng.pick([...TOOLS.values()].filter((other) => other !== tool)));
    return { key: `${goal} ${wrong}`, item: { goal, right: answer(tool), wrong } };
  });
  return items.map(({ goal, right, wrong }, i) => {
    const label = labels[i] as 0 | 1;
    return { goal, sol1: label === 0 ? right : wrong, sol2: label === 0 ? wrong : right, label };
  });
}
