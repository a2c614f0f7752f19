/** @file A study's store as a report reads it. */
import { NotFoundError } from '@bitcliff/core';
import type {
  CheckpointRecord,
  Manifest,
  RecordKind,
  RecordTypes,
  Stored,
  StudyRecords,
  VariantRecord,
} from '../records.ts';
import { type Database, openDatabase, type Row } from './database.node.ts';
import { openJobList } from './job-list.node.ts';
import { StoreError } from './store-error.ts';
import { fromStoredJson, toStoredJson } from './stored-json.ts';
import { parse } from './study-store.node.ts';

/** What a plan says of the study; runs are in the grid. */
export interface GridRun {
  readonly run: string;
  readonly kind: string;
  readonly checkpoint: string;
  readonly variant: string;
  readonly subject: Readonly<Record<string, unknown>>;
}

/** A plan as it is stored. */
export interface StoredPlan {
  readonly name: string;
  readonly title: string | null;
  readonly config: Readonly<Record<string, unknown>>;
  readonly checkpoints: readonly CheckpointRecord[];
  readonly variants: readonly VariantRecord[];
  readonly runs: readonly GridRun[];
}

/** Records that name their variant, and in which field. */
const VARIANT_FIELD: Readonly<Partial<Record<RecordKind, 'variant' | 'recipe'>>> = {
  task: 'variant',
  comparison: 'variant',
  loss: 'variant',
  weight: 'variant',
  activation: 'variant',
  outlier: 'variant',
  activationError: 'variant',
  sensitivity: 'recipe',
  noise: 'recipe',
};

/** Fields that come from the plan when a record is read: names and labels may change, results do not. */
const PLANNED_FIELDS = ['checkpoint', 'step', 'variant', 'recipe'];

/** A record without what the plan says of it. */
export function withoutPlace(kind: RecordKind, record: object): object {
  const fields = kind === 'loss' ? [...PLANNED_FIELDS, 'tokens', 'learningRate', 'text'] : PLANNED_FIELDS;
  return Object.fromEntries(Object.entries(record).filter(([field]) => !fields.includes(field)));
}

/** Replace the plan of a store. */
export function putPlan(
  db: Database,
  { name, title, config, checkpoints, variants, runs }: StoredPlan,
): void {
  db.transaction(() => {
    for (const [key, value] of Object.entries({ name, title, config }))
      db.run('INSERT OR REPLACE INTO meta VALUES (?, ?)', key, toStoredJson(value));
    db.run('DELETE FROM entries');
    db.run('DELETE FROM grid');
    for (const [kind, entries] of Object.entries({ checkpoint: checkpoints, variant: variants })) {
      for (const [position, entry] of entries.entries())
        db.run('INSERT INTO entries VALUES (?, ?, ?)', kind, position, toStoredJson(entry));
    }
    for (const [position, { run, kind, checkpoint, variant, subject }] of runs.entries()) {
      const data = toStoredJson(subject);
      db.run('INSERT INTO grid VALUES (?, ?, ?, ?, ?, ?)', position, run, kind, checkpoint, variant, data);
    }
  });
}

/** Open a store for reading. @throws {StoreError} for a file that is none */
export function openStudy(path: string): StudyRecords & { close(): void } {
  const db = openDatabase(path, { readOnly: true });
  try {
    return { ...readStudy(db), close: () => db.close() };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The records of an open store. */
export function readStudy(db: Database): StudyRecords {
  const meta = (name: string): unknown => {
    const row = db.get('SELECT value FROM meta WHERE name = ?', name);
    if (row === undefined) throw new StoreError({ problem: 'no study was planned here', path: db.path });
    return fromStoredJson(String(row.value));
  };
  const counts = db.get(
    `SELECT count(DISTINCT grid.run) AS total, count(DISTINCT runs.run) AS done
     FROM grid LEFT JOIN runs ON runs.run = grid.run AND runs.state = 'done'`,
  )!;
  const entries = <T>(kind: string): T[] =>
    db
      .all('SELECT data FROM entries WHERE kind = ? ORDER BY position', kind)
      .map(({ data }) => fromStoredJson(String(data)) as T);
  const labels = new Map(
    entries<CheckpointRecord>('checkpoint').map(({ checkpoint, metadata }) => [checkpoint, metadata]),
  );
  const place = (kind: RecordKind, row: Row): object => {
    const checkpoint = String(row.checkpoint);
    const { step = null, tokens = null, learningRate = null } = labels.get(checkpoint) ?? {};
    const field = VARIANT_FIELD[kind];
    const { text } = fromStoredJson(String(row.subject)) as { text?: { name: string } };
    return {
      ...(kind === 'fit' ? {} : { checkpoint, step }),
      ...(field === undefined ? {} : { [field]: row.variant }),
      ...(kind === 'loss' ? { tokens, learningRate } : {}),
      ...(kind === 'loss' || kind === 'fit' ? { text: text!.name } : {}),
    };
  };
  return {
    name: String(meta('name')),
    title: meta('title') as string | null,
    config: meta('config') as Record<string, unknown>,
    progress: { done: Number(counts.done), total: Number(counts.total) },
    failures: openJobList(db).failures(),

    records<Kind extends RecordKind>(kind: Kind): Stored<RecordTypes[Kind]>[] {
      if (kind === 'checkpoint' || kind === 'variant')
        return entries<RecordTypes[Kind]>(kind).map((entry) => ({ ...entry, run: null }));
      const rows = db.all(
        `SELECT grid.run, grid.checkpoint, grid.variant, grid.subject, records.position, records.data
         FROM grid JOIN runs ON runs.run = grid.run JOIN records ON records.run = runs.id
         WHERE runs.state = 'done' AND records.kind = ? ORDER BY grid.position, records.position`,
        kind,
      );
      return rows.map((row) => {
        const { run, position, data } = row;
        const record = parse(String(data), `${kind} record ${position} of run ${run}`, db.path) as object;
        return { ...record, ...place(kind, row), run } as Stored<RecordTypes[Kind]>;
      });
    },

    manifest(run): Manifest {
      const row = db.get(
        `SELECT grid.kind, grid.checkpoint, grid.variant, grid.subject, environment, started, finished, seconds
         FROM grid JOIN runs ON runs.run = grid.run WHERE grid.run = ? AND runs.state = 'done' LIMIT 1`,
        run,
      );
      if (row === undefined)
        throw new NotFoundError({ op: 'manifest', problem: 'no such run', received: run, path: db.path });
      return {
        run,
        kind: String(row.kind),
        checkpoint: String(row.checkpoint),
        variant: String(row.variant),
        subject: fromStoredJson(String(row.subject)) as Record<string, unknown>,
        environment: fromStoredJson(String(row.environment)) as Record<string, unknown>,
        started: String(row.started),
        finished: String(row.finished),
        seconds: Number(row.seconds),
      };
    },
  };
}
