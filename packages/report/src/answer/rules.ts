import { cannotTell, losesWhere, nothingMeasurable } from './loss-rules.ts';
import type { Rule } from './rule.ts';
import { calibrationSets, missing, noComparison } from './study-rules.ts';
import { learningRate, lossAlongTraining, pretraining, roleErrors } from './training-rules.ts';
import { againstNoise, mostSensitive, outlierDimensions, remedy } from './where-rules.ts';

/** All rules, in the order of the answer. */
export const RULES: readonly Rule[] = [
  missing,
  noComparison,
  nothingMeasurable,
  losesWhere,
  cannotTell,
  remedy,
  mostSensitive,
  pretraining,
  lossAlongTraining,
  roleErrors,
  learningRate,
  outlierDimensions,
  calibrationSets,
  againstNoise,
];
