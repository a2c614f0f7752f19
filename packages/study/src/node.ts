/**
 * Studies in files: configs, the store, and what they name.
 * @packageDocumentation
 */

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
