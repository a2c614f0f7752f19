/**
 * A grid of checkpoints, recipes, tasks and analyses, run into a store that resumes.
 * @packageDocumentation
 */

// what a study stores, and a report reads
export type {
  CheckpointRecord,
  ComparisonRecord,
  FitRecord,
  LossRecord,
  Manifest,
  RecordKind,
  RecordTypes,
  Stored,
  StudyFailure,
  StudyRecords,
  TaskRecord,
  VariantRecord,
} from './records.ts';
