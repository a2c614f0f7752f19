import { mkdtemp, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from './database.node.ts';
import { type Job, type JobList, LEASE_SECONDS, openJobList } from './job-list.node.ts';

let folder: string;
let db: Database;
let jobs: JobList;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-jobs-'));
  db = openDatabase(join(folder, 'study.sqlite'));
  jobs = openJobList(db);
});
afterEach(async () => {
  db.close();
  await rm(folder, { recursive: true });
});

const job = (name: string, checkpoint: string, needs: string[] = []): Job => ({
  job: name,
  checkpoint,
  title: `title of ${name}`,
  needs,
});

test('jobs are claimed in order, those of the open checkpoint first, and after what they need', () => {
  jobs.put([job('a1', 'a'), job('b1', 'b'), job('a2', 'a', ['a1']), job('a3', 'a')]);
  expect(jobs.claim(null)).toBe('a1');
  expect(jobs.claim('b')).toBe('b1');
  expect(jobs.claim('a')).toBe('a3');
  expect(jobs.claim('a')).toBeNull();
  jobs.end('a1', null);
  expect(jobs.claim('a')).toBe('a2');
  expect(jobs.isFinished('a')).toBe(false);
  for (const name of ['a2', 'a3']) jobs.end(name, null);
  expect(jobs.isFinished('a')).toBe(true);
  expect(jobs.counts()).toEqual({ waiting: 0, running: 1, done: 3, failed: 0 });
  expect(jobs.running()).toMatchObject([{ title: 'title of b1', worker: `${process.pid}@${hostname()}` }]);
});

test('what needs a failed job has failed too', () => {
  jobs.put([job('a', ''), job('b', '', ['a']), job('c', '', ['b']), job('d', '')]);
  jobs.end(jobs.claim(null)!, 'no such file');
  expect(jobs.claim(null)).toBe('d');
  expect(jobs.failBlocked().map(({ error }) => error)).toEqual([
    'needs "title of a", which failed',
    'needs "title of b", which failed',
  ]);
  expect(jobs.failures()).toHaveLength(3);
});

test('the job of a dead process is free at once, that of another machine after the lease', () => {
  const dead = openJobList(db, `999999999@${hostname()}`);
  const far = openJobList(db, '1@elsewhere');
  jobs.put([job('a', ''), job('b', '')]);
  expect(dead.claim(null)).toBe('a');
  expect(far.claim(null)).toBe('a');
  expect(far.claim(null)).toBe('b');
  expect(jobs.claim(null)).toBeNull();
  db.run('UPDATE jobs SET heartbeat = heartbeat - ?', LEASE_SECONDS + 1);
  far.beat();
  expect(jobs.claim(null)).toBeNull();
  db.run('UPDATE jobs SET heartbeat = heartbeat - ?', LEASE_SECONDS + 1);
  expect(jobs.claim(null)).toBe('a');
  far.end('a', 'too late'); // somebody else has it
  expect(jobs.failures()).toEqual([]);
  jobs.release();
  expect(jobs.claim(null)).toBe('a');
});

test('a new plan leaves what others are doing', () => {
  jobs.put([job('a', ''), job('b', '')]);
  const far = openJobList(db, '1@elsewhere');
  expect(far.claim(null)).toBe('a');
  jobs.put([job('a', ''), job('c', '')]);
  expect(jobs.claim(null)).toBe('c');
  expect(jobs.claim(null)).toBeNull();
});
