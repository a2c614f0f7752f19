/**
 * Task data from folders, results to folders, in Node.
 * @packageDocumentation
 */

// task data
export {
  type LoadedRows,
  type LoadRowsOptions,
  loadTaskRows,
  type RowsProvenance,
} from './data/load-task-rows.node.ts';
export type { SkippedRow } from './data/raw-row.ts';
export { MAX_DATA_BYTES } from './data/read-data-file.node.ts';

// stored results
export { type LoadedResults, readResults, writeResults } from './output/results-files.node.ts';
export type { StoredResults } from './output/stored-results.ts';
