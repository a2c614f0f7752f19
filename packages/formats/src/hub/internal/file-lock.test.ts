import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureOf } from '../../../test/hostile.ts';
import { withFileLock } from './file-lock.node.ts';

let root: string;
let count = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bitcliff-lock-'));
});
afterAll(() => rm(root, { recursive: true }));

const never = new AbortController().signal;
const newPath = () => join(root, `l${count++}`, 'x.lock');

/** A lock file as another holder leaves it. */
async function heldBy(pid: number, host: string, ageMs = 0): Promise<string> {
  const path = newPath();
  await withFileLock(path, async () => {}, never); // makes the folder
  await writeFile(path, `${pid}\n${host}\nabc\n`);
  const then = new Date(Date.now() - ageMs);
  await utimes(path, then, then);
  return path;
}

describe('withFileLock', () => {
  it('runs one at a time and leaves nothing', async () => {
    const path = newPath();
    let inside = 0;
    const runs = Array.from({ length: 5 }, (_, i) =>
      withFileLock(
        path,
        async () => {
          expect(++inside).toBe(1);
          expect(await readFile(path, 'utf8')).toMatch(`${process.pid}\n${hostname()}\n`);
          await delay(5);
          inside--;
          return i;
        },
        never,
      ),
    );
    expect(await Promise.all(runs)).toEqual([0, 1, 2, 3, 4]);
    expect(await readdir(join(path, '..'))).toEqual([]);
  });

  it('passes failures on and unlocks', async () => {
    const path = newPath();
    const failing = withFileLock(path, () => Promise.reject(new Error('work failed')), never);
    expect(await failureOf(() => failing)).toMatchObject({ message: 'work failed' });
    expect(await withFileLock(path, async () => 'next', never)).toBe('next');
  });

  it('takes over the lock of a dead process', async () => {
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    const path = await heldBy(dead, hostname());
    expect(await withFileLock(path, async () => 'mine', never)).toBe('mine');
  });

  it('takes over a lock that nobody touches, of any host', async () => {
    const path = await heldBy(1, 'elsewhere', 70_000);
    expect(await withFileLock(path, async () => 'mine', never)).toBe('mine');
  });

  it('takes over a half-written lock after a while', async () => {
    const path = await heldBy(1, 'x');
    await writeFile(path, '');
    const then = new Date(Date.now() - 6000);
    await utimes(path, then, then);
    expect(await withFileLock(path, async () => 'mine', never)).toBe('mine');
  });

  it('waits for a living process and for another host', async () => {
    for (const [pid, host] of [
      [process.ppid, hostname()],
      [1, 'elsewhere'],
    ] as const) {
      const path = await heldBy(pid, host);
      let entered = false;
      const waiting = withFileLock(
        path,
        async () => {
          entered = true;
        },
        never,
        { pollMs: 5 },
      );
      await delay(40);
      expect(entered).toBe(false);
      await rm(path);
      await waiting;
      expect(entered).toBe(true);
    }
  });

  it('touches the lock while it is held, so that nobody takes it', async () => {
    const path = newPath();
    const order: string[] = [];
    const times = { pollMs: 5, touchMs: 20, staleMs: 150 };
    await withFileLock(
      path,
      async () => {
        await delay(300);
        const { mtimeMs } = await import('node:fs').then((fs) => fs.statSync(path));
        expect(Date.now() - mtimeMs).toBeLessThan(150);
        order.push('held');
      },
      never,
      times,
    );
    expect(order).toEqual(['held']);
  });

  it('does not remove a lock that was taken over meanwhile', async () => {
    const path = newPath();
    await withFileLock(path, () => writeFile(path, 'other\n'), never);
    expect(await readFile(path, 'utf8')).toBe('other\n');
  });

  it('stops waiting when aborted, for a file and for a promise of this process', async () => {
    const path = await heldBy(1, 'elsewhere');
    const abort = new AbortController();
    const waiting = [0, 1].map(() => failureOf(() => withFileLock(path, async () => {}, abort.signal)));
    await delay(20);
    abort.abort(new Error('enough'));
    for (const error of await Promise.all(waiting)) expect(error).toMatchObject({ message: 'enough' });
    await rm(path);
    expect(await withFileLock(path, async () => 'later', never)).toBe('later');
  });
});
