/** @file The SQLite file of a study: opening, migrating, transactions, and what its errors mean. */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { BitcliffError } from '@bitcliff/core';
import { APPLICATION_ID, MIGRATIONS } from './schema.ts';
import { StoreError } from './store-error.ts';

/** A value that is stored in a column. */
export type Column = SQLInputValue;
/** A row as it is read. */
export type Row = Readonly<Record<string, string | number | null>>;

/** A store's file. Statements are prepared once. */
export interface Database {
  readonly path: string;
  run(sql: string, ...columns: Column[]): void;
  get(sql: string, ...columns: Column[]): Row | undefined;
  all(sql: string, ...columns: Column[]): Row[];
  iterate(sql: string, ...columns: Column[]): Iterable<Row>;
  /** All or nothing; writers wait for each other. */
  transaction<T>(body: () => T): T;
  close(): void;
}

/** Milliseconds that a writer waits for another one. */
const BUSY_TIMEOUT = 10_000;

/** What SQLite's result codes mean here. */
const MEANINGS: Readonly<Record<number, { readonly problem: string; readonly hint?: string }>> = {
  5: { problem: 'another process holds the store', hint: 'Wait until it is done, or stop it' },
  8: { problem: 'the store may not be written' },
  10: { problem: 'the file system failed' },
  11: {
    problem: 'the store is damaged',
    hint: 'Copy what can be read with `sqlite3 <file> .recover`, or remove the file and run the study again',
  },
  13: {
    problem: 'the disk is full',
    hint: 'Make room and run the same command again: what was stored is kept',
  },
  14: { problem: 'the file cannot be opened' },
  26: { problem: 'the file is not a store of a study' },
};

/**
 * Open or make a store.
 * @param options.readOnly the file must exist and is not changed
 * @throws {StoreError} for a file that is not a store, of a later version, locked, or damaged
 */
export function openDatabase(path: string, options: { readonly readOnly?: boolean } = {}): Database {
  const { readOnly = false } = options;
  const guard = <T>(body: () => T): T => {
    try {
      return body();
    } catch (error) {
      throw translate(error, path);
    }
  };
  const db = guard(() => new DatabaseSync(path, { readOnly, timeout: BUSY_TIMEOUT }));
  const statements = new Map<string, ReturnType<DatabaseSync['prepare']>>();
  const prepare = (sql: string): ReturnType<DatabaseSync['prepare']> => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    const statement = db.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  const database: Database = {
    path,
    run: (sql, ...columns) => guard(() => void prepare(sql).run(...columns)),
    get: (sql, ...columns) => guard(() => prepare(sql).get(...columns) as Row | undefined),
    all: (sql, ...columns) => guard(() => prepare(sql).all(...columns) as Row[]),
    *iterate(sql, ...columns) {
      try {
        yield* db.prepare(sql).iterate(...columns) as Iterable<Row>;
      } catch (error) {
        throw translate(error, path);
      }
    },
    transaction(body) {
      guard(() => db.exec('BEGIN IMMEDIATE'));
      try {
        const result = body();
        guard(() => db.exec('COMMIT'));
        return result;
      } catch (error) {
        if (db.isTransaction) guard(() => db.exec('ROLLBACK'));
        throw error;
      }
    },
    close: () => db.close(),
  };
  try {
    guard(() => db.exec('PRAGMA foreign_keys = ON'));
    migrate(database, (sql) => guard(() => db.exec(sql)), readOnly);
  } catch (error) {
    db.close();
    throw error;
  }
  return database;
}

function migrate(db: Database, exec: (sql: string) => void, readOnly: boolean): void {
  const pragma = (name: string): number => Number(db.get(`PRAGMA ${name}`)![name]);
  const isEmpty = db.get('SELECT 1 FROM sqlite_master LIMIT 1') === undefined;
  if ((!isEmpty && pragma('application_id') !== APPLICATION_ID) || (isEmpty && readOnly))
    throw new StoreError({ ...MEANINGS[26]!, path: db.path });
  const version = pragma('user_version');
  if (version > MIGRATIONS.length) {
    throw new StoreError({
      problem: 'the store is of a later version of bitcliff',
      expected: `at most version ${MIGRATIONS.length}`,
      received: version,
      path: db.path,
    });
  }
  if (readOnly) return;
  if (isEmpty) exec('PRAGMA journal_mode = WAL');
  exec('PRAGMA synchronous = NORMAL'); // with WAL: a power cut may lose the last transactions, never half of one
  if (version === MIGRATIONS.length) return;
  db.transaction(() => {
    // another process may have been faster
    for (let v = pragma('user_version'); v < MIGRATIONS.length; v++) exec(MIGRATIONS[v]!);
    exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
  });
}

function translate(error: unknown, path: string): unknown {
  if (BitcliffError.isInstance(error)) return error;
  const code = (error as { errcode?: number }).errcode;
  const meaning = code === undefined ? undefined : MEANINGS[code & 0xff];
  if (meaning === undefined) return error;
  return new StoreError({ ...meaning, received: (error as Error).message, path, cause: error });
}
