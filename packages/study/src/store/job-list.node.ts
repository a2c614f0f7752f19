/** @file The work of a study, claimed in transactions, so that several processes can share it. */
import { hostname } from 'node:os';
import type { StudyFailure } from '../records.ts';
import type { Database } from './database.node.ts';

/** A unit of work. */
export interface Job {
  /** Names the work in the plan, such as `tasks control hellaswag`. */
  readonly job: string;
  /** Whose weights it needs; empty where it needs none. */
  readonly checkpoint: string;
  /** For people. */
  readonly title: string;
  /** Jobs that must be done before. */
  readonly needs: readonly string[];
}

/** How the work stands. */
export interface JobCounts {
  readonly waiting: number;
  readonly running: number;
  readonly done: number;
  readonly failed: number;
}

/** The jobs of a store. */
export interface JobList {
  /** Replace the work that is waiting, done or failed by that of a plan; what others are running stays theirs. */
  put(jobs: readonly Job[]): void;
  /**
   * Take the first job whose needs are done; one of a checkpoint that is open already before others.
   * @returns `null` when there is none now; see {@link JobList.counts} for whether to wait
   */
  claim(openCheckpoint: string | null): string | null;
  /** Say that this process is alive. */
  beat(): void;
  end(job: string, error: string | null): void;
  /** Give back what this process holds. */
  release(): void;
  /** Whether all jobs of a checkpoint are done. */
  isFinished(checkpoint: string): boolean;
  /** Fail every job that waits for one that failed. @returns those, with the reason */
  failBlocked(): StudyFailure[];
  counts(): JobCounts;
  failures(): StudyFailure[];
  /** Jobs in hand, with who has them. */
  running(): { readonly title: string; readonly worker: string; readonly seconds: number }[];
}

/** Seconds without a sign after which a worker counts as dead; one of this machine whose process is gone, at once. */
export const LEASE_SECONDS = 60;

/** @param worker names this process @default process and machine */
export function openJobList(db: Database, worker: string = `${process.pid}@${hostname()}`): JobList {
  const now = (): number => Date.now() / 1000;
  const freeDead = (): void => {
    for (const row of db.all(`SELECT job, worker, heartbeat FROM jobs WHERE state = 'running'`)) {
      if (now() - Number(row.heartbeat) < LEASE_SECONDS && isAlive(String(row.worker))) continue;
      db.run(`UPDATE jobs SET state = 'waiting', worker = NULL WHERE job = ?`, row.job!);
    }
  };
  return {
    put(jobs) {
      db.transaction(() => {
        freeDead();
        const held = new Set(db.all(`SELECT job FROM jobs WHERE state = 'running'`).map(({ job }) => job));
        db.run(`DELETE FROM jobs WHERE state <> 'running'`);
        for (const [position, { job, checkpoint, title, needs }] of jobs.entries()) {
          if (held.has(job)) continue;
          db.run(
            `INSERT INTO jobs (job, position, checkpoint, title, state) VALUES (?, ?, ?, ?, 'waiting')`,
            job,
            position,
            checkpoint,
            title,
          );
          for (const other of needs) db.run('INSERT OR IGNORE INTO needs VALUES (?, ?)', job, other);
        }
      });
    },

    claim(openCheckpoint) {
      return db.transaction(() => {
        freeDead();
        const row = db.get(
          `SELECT job FROM jobs WHERE state = 'waiting' AND NOT EXISTS (
             SELECT 1 FROM needs JOIN jobs AS before ON before.job = needs.other
             WHERE needs.job = jobs.job AND before.state <> 'done')
           ORDER BY checkpoint = ? DESC, position LIMIT 1`,
          openCheckpoint,
        );
        if (row === undefined) return null;
        db.run(
          `UPDATE jobs SET state = 'running', worker = ?, heartbeat = ? WHERE job = ?`,
          worker,
          now(),
          row.job!,
        );
        return String(row.job);
      });
    },

    beat: () => db.run(`UPDATE jobs SET heartbeat = ? WHERE worker = ? AND state = 'running'`, now(), worker),

    end: (job, error) =>
      db.run(
        'UPDATE jobs SET state = ?, error = ?, worker = NULL WHERE job = ? AND worker = ?',
        error === null ? 'done' : 'failed',
        error,
        job,
        worker,
      ),

    release: () =>
      db.run(
        `UPDATE jobs SET state = 'waiting', worker = NULL WHERE worker = ? AND state = 'running'`,
        worker,
      ),

    isFinished: (checkpoint) =>
      db.get(`SELECT 1 FROM jobs WHERE checkpoint = ? AND state <> 'done' LIMIT 1`, checkpoint) === undefined,

    failBlocked() {
      const blocked: StudyFailure[] = [];
      for (;;) {
        const row = db.get(
          `SELECT jobs.job, jobs.title, before.title AS other FROM jobs JOIN needs ON needs.job = jobs.job
           JOIN jobs AS before ON before.job = needs.other
           WHERE jobs.state = 'waiting' AND before.state = 'failed' ORDER BY jobs.position LIMIT 1`,
        );
        if (row === undefined) return blocked;
        const error = `needs "${row.other}", which failed`;
        db.run(`UPDATE jobs SET state = 'failed', error = ? WHERE job = ?`, error, row.job!);
        blocked.push({ job: String(row.title), error });
      }
    },

    counts() {
      const counts = { waiting: 0, running: 0, done: 0, failed: 0 };
      for (const { state, n } of db.all('SELECT state, count(*) AS n FROM jobs GROUP BY state'))
        counts[state as keyof JobCounts] = Number(n);
      return counts;
    },

    failures() {
      const rows = db.all(`SELECT title, error FROM jobs WHERE state = 'failed' ORDER BY position`);
      return rows.map(({ title, error }) => ({ job: String(title), error: String(error) }));
    },

    running() {
      const rows = db.all(
        `SELECT title, worker, heartbeat FROM jobs WHERE state = 'running' ORDER BY position`,
      );
      return rows.map(({ title, worker: holder, heartbeat }) => ({
        title: String(title),
        worker: String(holder),
        seconds: now() - Number(heartbeat),
      }));
    },
  };
}

/** Whether the process is there; on other machines nobody can tell, and its signs of life decide. */
function isAlive(worker: string): boolean {
  const [pid, host] = worker.split('@', 2);
  if (host !== hostname()) return true;
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
