/**
 * Studies in files: configs, stores, and the work between them.
 * @packageDocumentation
 */

// configs
export { type LoadedStudy, loadStudy } from './config/load-study.node.ts';

// planning and running
export { describePlan, type PlanDescription } from './run/describe-plan.node.ts';
export {
  type RunStudyOptions,
  runStudy,
  StudyCancelledError,
  type StudyEvent,
  type StudyOutcome,
} from './run/run-study.node.ts';
export type { OpenStudyOptions } from './run/open-context.node.ts';
export type { StudyOrt } from './plan/study-context.ts';

// what `prepareTask` is told
export { prepareSettings } from './plan/task-settings.ts';

// the store
export { cancelStudy, type StudyStatus, studyStatus } from './store/study-status.node.ts';
export { openStudy } from './store/study-records.node.ts';
export { EXPORT_FORMATS, type ExportFormat, exportStudy } from './store/export-study.node.ts';
export { StoreError } from './store/store-error.ts';

// what a config or a command line names
export {
  type CalibrationOptions,
  type CalibrationRequest,
  readCalibration,
  sampleLength,
} from './inputs/calibration.node.ts';
export { type Fingerprint, fingerprint } from './inputs/fingerprint.node.ts';
export type { InputOptions } from './inputs/input-options.ts';
export { localPath } from './inputs/local-path.node.ts';
export { importTasks } from './inputs/own-tasks.node.ts';
export { readRecipes } from './inputs/read-recipes.node.ts';
export { loadRows, OWN_DATA_SETS } from './inputs/task-rows.node.ts';
export { readTextWindows, type TextWindowOptions, type TextWindows } from './inputs/text-windows.node.ts';
