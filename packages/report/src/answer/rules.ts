import type { Sentence, Topic } from '../report.ts';
import type { StudyView } from '../view/study-view.ts';
import { cannotTell, losesWhere, nothingMeasurable } from './loss-rules.ts';
import type { Rule } from './rule.ts';
import { calibrationSets, missing, noComparison } from './study-rules.ts';
import { learningRate, lossAlongTraining, pretraining, roleErrors } from './training-rules.ts';
import { againstNoise, mostSensitive, outlierDimensions, remedy } from './where-rules.ts';

/** All rules by topic and name, in the order of the answer. */
const RULES: readonly (readonly [Topic, Readonly<Record<string, Rule>>])[] = [
  ['what is missing', { missing }],
  ['what is lost', { noComparison, nothingMeasurable, losesWhere, cannotTell }],
  ['where it is lost', { remedy, mostSensitive, outlierDimensions, calibrationSets, againstNoise }],
  ['what training does', { pretraining, lossAlongTraining, roleErrors, learningRate }],
];

/** The answer: what every rule finds. */
export function answerOf(view: StudyView): Sentence[] {
  return RULES.flatMap(([topic, rules]) =>
    Object.entries(rules).flatMap(([name, rule]) =>
      rule(view).map((finding) => ({ rule: name, topic, ...finding })),
    ),
  );
}
