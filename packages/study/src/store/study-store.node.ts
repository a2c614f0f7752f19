/** @file Runs of a study: samples as they come in, records when a run is whole. */
import type { Sample } from '@bitcliff/evals';
import type { RecordKind } from '../records.ts';
import { type Database, openDatabase } from './database.node.ts';
import { StoreError } from './store-error.ts';
import { fromStoredJson, toStoredJson } from './stored-json.ts';

/** A run and what it takes to make it. */
export interface RunPlace {
  /** Content key. */
  readonly run: string;
  readonly kind: string;
}

/** What one step of work adds to a run. */
export interface RunProgress extends RunPlace {
  readonly environment: Readonly<Record<string, unknown>>;
  readonly seconds: number;
}

/** A record on its way into the store. */
export interface NewRecord {
  readonly kind: RecordKind;
  readonly data: object;
}

/** The results of a study, by content key. */
export interface StudyStore {
  readonly db: Database;
  isDone(run: string): boolean;
  /** Samples of a run that is not whole, or of one that is. @throws {StoreError} for one that cannot be read, naming it */
  samples(run: string): Sample[];
  /** Numbers of the items that are there. */
  items(run: string): Set<number>;
  /** Records of a run that is whole. @throws {StoreError} for one that cannot be read */
  records(run: string): NewRecord[];
  /** Add samples of several runs at once; those that are there already stay. */
  addSamples(runs: readonly (RunProgress & { readonly samples: readonly Sample[] })[]): void;
  /** A run is whole: its records take the place of any others. */
  finish(runs: readonly (RunProgress & { readonly records: readonly NewRecord[] })[]): void;
  /** Remove what cannot be read, and open the runs again that it belonged to. @returns a sentence for each */
  repair(): string[];
  /** The hash of a file or folder, unless it has changed. */
  knownHash(place: string, stamp: string): string | undefined;
  rememberHash(place: string, stamp: string, sha256: string): void;
  close(): void;
}

/** Open or make the store of a study. @throws {StoreError} for a file that is none, or that is damaged */
export function openStudyStore(path: string): StudyStore {
  const db = openDatabase(path);
  /** Row of a run, made if it is missing; its time grows. */
  const touch = ({ run, kind, environment, seconds }: RunProgress): number => {
    db.run(
      `INSERT INTO runs (run, kind, state, environment, started, seconds) VALUES (?, ?, 'open', ?, ?, ?)
       ON CONFLICT (run) DO UPDATE SET environment = excluded.environment, seconds = seconds + excluded.seconds`,
      run,
      kind,
      toStoredJson(environment),
      new Date(Date.now() - 1000 * seconds).toISOString(),
      seconds,
    );
    return Number(db.get('SELECT id FROM runs WHERE run = ?', run)!.id);
  };
  return {
    db,
    isDone: (run) => db.get(`SELECT 1 FROM runs WHERE run = ? AND state = 'done'`, run) !== undefined,

    samples(run) {
      const rows = db.all(
        'SELECT item, sample FROM items JOIN runs ON runs.id = items.run WHERE runs.run = ? ORDER BY item',
        run,
      );
      return rows.map(
        ({ item, sample }) => parse(String(sample), `item ${item} of run ${run}`, path) as Sample,
      );
    },

    items(run) {
      const rows = db.all('SELECT item FROM items JOIN runs ON runs.id = items.run WHERE runs.run = ?', run);
      return new Set(rows.map(({ item }) => Number(item)));
    },

    records(run) {
      const rows = db.all(
        `SELECT records.kind, position, data FROM records JOIN runs ON runs.id = records.run WHERE runs.run = ? AND state = 'done' ORDER BY position`,
        run,
      );
      return rows.map(({ kind, position, data }) => {
        const where = `record ${position} of run ${run}`;
        return { kind: kind as RecordKind, data: parse(String(data), where, path) as object };
      });
    },

    addSamples(runs) {
      db.transaction(() => {
        for (const { samples, ...progress } of runs) {
          const id = touch(progress);
          for (const sample of samples)
            db.run(
              'INSERT OR IGNORE INTO items (run, item, sample) VALUES (?, ?, ?)',
              id,
              sample.index,
              toStoredJson(sample),
            );
        }
      });
    },

    finish(runs) {
      db.transaction(() => {
        for (const { records, ...progress } of runs) {
          const id = touch(progress);
          db.run('DELETE FROM records WHERE run = ?', id);
          for (const [position, { kind, data }] of records.entries())
            db.run(
              'INSERT INTO records (run, position, kind, data) VALUES (?, ?, ?, ?)',
              id,
              position,
              kind,
              toStoredJson(data),
            );
          db.run(`UPDATE runs SET state = 'done', finished = ? WHERE id = ?`, new Date().toISOString(), id);
        }
      });
    },

    repair() {
      return db.transaction(() => {
        const bad = [
          ...db.all(
            `SELECT runs.id, runs.run, runs.kind, 'item ' || item AS place FROM items JOIN runs ON runs.id = items.run WHERE NOT json_valid(sample)`,
          ),
          ...db.all(
            `SELECT runs.id, runs.run, runs.kind, 'record ' || position AS place FROM records JOIN runs ON runs.id = records.run WHERE NOT json_valid(data)`,
          ),
        ];
        db.run('DELETE FROM items WHERE NOT json_valid(sample)');
        for (const { id } of bad) {
          db.run('DELETE FROM records WHERE run = ?', id!);
          db.run(`UPDATE runs SET state = 'open', finished = NULL WHERE id = ?`, id!);
        }
        return bad.map(
          ({ run, kind, place }) => `${place} of ${kind} run ${run} could not be read and is made anew`,
        );
      });
    },

    knownHash(place, stamp) {
      const row = db.get('SELECT sha256 FROM files WHERE place = ? AND stamp = ?', place, stamp);
      return row?.sha256 as string | undefined;
    },

    rememberHash(place, stamp, sha256) {
      db.run('INSERT OR REPLACE INTO files (place, stamp, sha256) VALUES (?, ?, ?)', place, stamp, sha256);
    },

    close: () => db.close(),
  };
}

/** @throws {StoreError} for text that is not JSON */
export function parse(text: string, where: string, path: string): unknown {
  try {
    return fromStoredJson(text);
  } catch (cause) {
    const hint = 'Run the study again: it makes what is damaged anew';
    throw new StoreError({ problem: 'an entry cannot be read', where, path, hint, cause });
  }
}
