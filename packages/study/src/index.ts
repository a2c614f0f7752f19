/**
 * A grid of checkpoints, recipes, tasks and analyses, run into a store that resumes.
 * @packageDocumentation
 */

// configs
export { defineStudy } from './config/define-study.ts';
export {
  ANALYSES,
  type AnalysisName,
  type Study,
  type StudyCalibration,
  type StudyCheckpoint,
  type StudyConfig,
  type StudyText,
} from './config/study-config.ts';

// what a study stores, and a report reads
export { RECORD_KINDS } from './records.ts';
export type {
  CheckpointRecord,
  ComparisonRecord,
  FitRecord,
  LossRecord,
  Manifest,
  OutlierThresholdRecord,
  RecordKind,
  RecordTypes,
  Stored,
  StudyFailure,
  StudyRecords,
  TaskDivergence,
  TaskRecord,
  VariantRecord,
} from './records.ts';
