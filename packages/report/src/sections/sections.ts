import { activationErrorSection } from './activation-error-section.ts';
import { activationSection } from './activation-section.ts';
import { activationTrainingSection } from './activation-training-section.ts';
import { axesSection } from './axes-section.ts';
import { bitsSection } from './bits-section.ts';
import { blockSection } from './block-section.ts';
import { calibrationSection } from './calibration-section.ts';
import { comparisonSection } from './comparison-section.ts';
import { distributionSection } from './distribution-section.ts';
import { divergenceSection } from './divergence-section.ts';
import { fitSection } from './fit-section.ts';
import { layerSection } from './layer-section.ts';
import { missingSection } from './missing-section.ts';
import { noiseSection } from './noise-section.ts';
import { outlierSection } from './outlier-section.ts';
import { remedySection } from './remedy-section.ts';
import { scoreSection } from './score-section.ts';
import type { SectionBuilder } from './section-builder.ts';
import { sensitivitySection } from './sensitivity-section.ts';
import { sizeSection } from './size-section.ts';
import { studySection } from './study-section.ts';
import { trainingSection } from './training-section.ts';

/** All sections, in the order of a report: what was lost, where, and why. */
export const SECTIONS: readonly SectionBuilder[] = [
  missingSection,
  scoreSection,
  comparisonSection,
  divergenceSection,
  bitsSection,
  remedySection,
  sizeSection,
  axesSection,
  trainingSection,
  calibrationSection,
  sensitivitySection,
  activationErrorSection,
  activationTrainingSection,
  layerSection,
  distributionSection,
  outlierSection,
  activationSection,
  noiseSection,
  blockSection,
  fitSection,
  studySection,
];
