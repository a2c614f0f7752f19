/** @file How the study of a store stands, read while others work on it. */
import type { StudyFailure } from '../records.ts';
import { openDatabase } from './database.node.ts';
import { type JobCounts, type JobList, openJobList } from './job-list.node.ts';
import { readStudy } from './study-records.node.ts';

/** How a study stands. */
export interface StudyStatus {
  readonly name: string;
  /** Runs of the grid. */
  readonly progress: { readonly done: number; readonly total: number };
  readonly jobs: JobCounts;
  /** What is being done now, by whom. */
  readonly running: ReturnType<JobList['running']>;
  readonly failures: readonly StudyFailure[];
}

/** @throws {StoreError} for a file that is no store, or one without a plan */
export function studyStatus(store: string): StudyStatus {
  const db = openDatabase(store, { readOnly: true });
  try {
    const { name, progress, failures } = readStudy(db);
    const jobs = openJobList(db);
    return { name, progress, jobs: jobs.counts(), running: jobs.running(), failures };
  } finally {
    db.close();
  }
}

/** Ask whoever runs the study of a store to stop at the next step. What is stored stays. */
export function cancelStudy(store: string): void {
  const db = openDatabase(store);
  try {
    readStudy(db);
    db.run(`INSERT OR REPLACE INTO meta VALUES ('stop', 'true')`);
  } finally {
    db.close();
  }
}
