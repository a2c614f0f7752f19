/**
 * Reading task data from a folder, in Node.
 * @packageDocumentation
 */

export {
  type LoadedRows,
  type LoadRowsOptions,
  loadTaskRows,
  type RowsProvenance,
} from './data/load-task-rows.node.ts';
export type { SkippedRow } from './data/raw-row.ts';
export { MAX_DATA_BYTES } from './data/read-data-file.node.ts';
