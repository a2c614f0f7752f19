/**
 * @file The tables of a study's store, and how older stores become new ones.
 *
 * - `meta`: the study itself (name, title, config), and a request to stop
 * - `grid`: the runs of the present plan, in order; a run may stand in it several times, under other names
 * - `entries`: what the plan says of checkpoints and variants
 * - `runs`: units of results by content key; `open` while items come in, `done` when whole
 * - `items`: samples of task runs; `records`: everything else that runs found
 * - `jobs`: work of the present plan, claimed by workers; `needs`: which jobs must be done before
 * - `files`: hashes of what takes long to make or read again: checkpoints by their files' sizes and times, text that a model writes
 */

/** Marks a SQLite file as a store of ours ("bcst"). */
export const APPLICATION_ID = 0x62637374;

/** What brings a store from version n to n + 1, by n. A released entry is never changed. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL CHECK (json_valid(value))) STRICT, WITHOUT ROWID;
  CREATE TABLE grid (
    position INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    kind TEXT NOT NULL,
    checkpoint TEXT NOT NULL,
    variant TEXT NOT NULL,
    subject TEXT NOT NULL CHECK (json_valid(subject))
  ) STRICT;
  CREATE INDEX grid_run ON grid (run);
  CREATE TABLE entries (
    kind TEXT NOT NULL,
    position INTEGER NOT NULL,
    data TEXT NOT NULL CHECK (json_valid(data)),
    PRIMARY KEY (kind, position)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done')),
    environment TEXT NOT NULL CHECK (json_valid(environment)),
    started TEXT NOT NULL,
    finished TEXT,
    seconds REAL NOT NULL
  ) STRICT;
  CREATE TABLE items (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    item INTEGER NOT NULL,
    sample TEXT NOT NULL CHECK (json_valid(sample)),
    PRIMARY KEY (run, item)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE records (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL CHECK (json_valid(data)),
    PRIMARY KEY (run, position)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE jobs (
    job TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    checkpoint TEXT NOT NULL,
    title TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')),
    worker TEXT,
    heartbeat REAL,
    error TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX jobs_state ON jobs (state, position);
  CREATE TABLE needs (
    job TEXT NOT NULL REFERENCES jobs (job) ON DELETE CASCADE,
    other TEXT NOT NULL,
    PRIMARY KEY (job, other)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE files (place TEXT PRIMARY KEY, stamp TEXT NOT NULL, sha256 TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
];
