import { mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Sample } from '@bitcliff/evals';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from './database.node.ts';
import { MIGRATIONS } from './schema.ts';
import { StoreError } from './store-error.ts';
import { openStudyStore, type StudyStore } from './study-store.node.ts';

let folder: string;
let path: string;
let store: StudyStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-store-'));
  path = join(folder, 'study.sqlite');
  store = openStudyStore(path);
});
afterEach(async () => {
  store.close();
  await rm(folder, { recursive: true });
});

const progress = (run: string) => ({ run, kind: 'task', environment: { node: 'v24' }, seconds: 1 });
const sample = (index: number): Sample =>
  ({ index, logProbs: [-1, -Infinity], correct: true }) as unknown as Sample;

describe('runs', () => {
  it('take samples piece by piece, each once, and are done when they are finished', () => {
    store.addSamples([{ ...progress('a'), samples: [sample(0), sample(1)] }]);
    store.addSamples([{ ...progress('a'), samples: [{ ...sample(1), correct: false }, sample(2)] }]);
    expect(store.isDone('a')).toBe(false);
    expect(store.records('a')).toEqual([]);
    expect(store.items('a')).toEqual(new Set([0, 1, 2]));
    expect(store.samples('a')).toEqual([sample(0), sample(1), sample(2)]);
    store.finish([
      { ...progress('a'), records: [{ kind: 'task', data: { value: Number.POSITIVE_INFINITY } }] },
    ]);
    expect(store.isDone('a')).toBe(true);
    expect(store.records('a')).toEqual([{ kind: 'task', data: { value: Number.POSITIVE_INFINITY } }]);
    expect(store.db.get('SELECT seconds FROM runs')).toEqual({ seconds: 3 });
  });

  it('are stored all or not at all', () => {
    const circular: { self?: object } = {};
    circular.self = circular;
    const records = [
      { kind: 'task' as const, data: {} },
      { kind: 'task' as const, data: circular },
    ];
    expect(() => store.finish([{ ...progress('a'), records }])).toThrow(TypeError);
    expect(store.db.all('SELECT * FROM runs')).toEqual([]);
  });
});

describe('damage', () => {
  it('of an entry is named, mended by removing it, and leaves the rest', () => {
    store.addSamples([
      { ...progress('a'), samples: [sample(0), sample(1)] },
      { ...progress('b'), samples: [sample(0)] },
    ]);
    for (const run of ['a', 'b', 'c'])
      store.finish([{ ...progress(run), records: [{ kind: 'task', data: { run } }] }]);
    store.db.run('PRAGMA ignore_check_constraints = ON');
    store.db.run(`UPDATE items SET sample = '{"index' WHERE item = 1`);
    store.db.run(`UPDATE records SET data = 'x' WHERE data LIKE '%"c"%'`);
    expect(() => store.samples('a')).toThrow(StoreError);
    expect(() => store.samples('a')).toThrow('item 1 of run a');
    expect(() => store.records('c')).toThrow('record 0 of run c');
    expect(store.repair()).toEqual([
      'item 1 of task run a could not be read and is made anew',
      'record 0 of task run c could not be read and is made anew',
    ]);
    expect(['a', 'b', 'c'].map(store.isDone)).toEqual([false, true, false]);
    expect(store.items('a')).toEqual(new Set([0]));
    expect(store.repair()).toEqual([]);
  });

  it('of the file is named', async () => {
    for (let i = 0; i < 40; i++)
      store.addSamples([
        { ...progress(`run ${i}`), samples: Array.from({ length: 50 }, (_, k) => sample(k)) },
      ]);
    store.close();
    await truncate(path, (await stat(path)).size / 2);
    const read = (): unknown => openStudyStore(path).samples('run 39');
    expect(read).toThrow(StoreError);
    expect(read).toThrow('the store is damaged');
    await rm(path);
    store = openStudyStore(path);
  });
});

describe('the file', () => {
  it('is refused when it is not a store, or of a later version', async () => {
    const other = join(folder, 'other.sqlite');
    await writeFile(
      other,
      'not a database, but long enough to look at as one, which needs a hundred bytes or so of text',
    );
    expect(() => openStudyStore(other)).toThrow('the file is not a store of a study');
    const foreign = join(folder, 'foreign.sqlite');
    const db = new DatabaseSync(foreign);
    db.exec('CREATE TABLE t (x)');
    db.close();
    expect(() => openStudyStore(foreign)).toThrow('the file is not a store of a study');
    expect(() => openDatabase(join(folder, 'none.sqlite'), { readOnly: true })).toThrow(StoreError);
    store.db.run('PRAGMA user_version = 99');
    expect(() => openStudyStore(path)).toThrow(`at most version ${MIGRATIONS.length}, received 99`);
  });

  it('says that the disk is full, and keeps what was stored', () => {
    store.addSamples([{ ...progress('a'), samples: [sample(0)] }]);
    const pages = Number(store.db.get('PRAGMA page_count')!.page_count);
    store.db.get(`PRAGMA max_page_count = ${pages}`);
    const many = Array.from({ length: 2000 }, (_, i) => sample(i));
    const add = (): void => store.addSamples([{ ...progress('b'), samples: many }]);
    expect(add).toThrow(StoreError);
    expect(add).toThrow('the disk is full');
    store.db.get('PRAGMA max_page_count = 1000000');
    expect(store.samples('a')).toEqual([sample(0)]);
    expect(store.items('b')).toEqual(new Set());
    add();
    expect(store.items('b').size).toBe(2000);
  });

  it('says that another process holds it', () => {
    const other = new DatabaseSync(path);
    other.exec('BEGIN EXCLUSIVE');
    store.db.get('PRAGMA busy_timeout = 50');
    expect(() => store.addSamples([{ ...progress('a'), samples: [] }])).toThrow(
      'another process holds the store',
    );
    other.exec('ROLLBACK');
    other.close();
    store.addSamples([{ ...progress('a'), samples: [] }]);
  });
});
