/**
 * @file A lock between processes that is a file. Node has no `flock`, which Python's lock uses, and Python leaves its `<etag>.lock`
 * files behind; so this lock is a file of another name in the same folder, that exists while it is held. Inside: the holder's
 * process id, host and a random mark. The holder touches the file every few seconds; a lock is taken over when its process is dead
 * (same host) or when it was not touched for a minute (any host).
 *
 * Should a lock break nevertheless, the cache stays right: two writers put the same bytes at the same offsets of the partial
 * file, and its hash is checked before it gets its name.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Times of a lock in milliseconds; tests make them short. */
export interface LockTimes {
  /** Between two looks at a lock that another holds. @default 50 */
  readonly pollMs?: number;
  /** Between two touches by the holder. @default 5000 */
  readonly touchMs?: number;
  /** Age at which an untouched lock is taken over. @default 60000 */
  readonly staleMs?: number;
}

/** Age of a lock file that holds no process id, or of a mark that a lock is being broken, at which its writer must have died. */
const HALF_WRITTEN_MS = 5000;

/** The last holder in this process by path: promises of one process queue up here and do not poll the disk. */
const queues = new Map<string, Promise<void>>();

/**
 * Run `work` while this process alone holds the lock.
 * @param path the lock file; its folder is made
 * @param signal ends the wait; `work` has to heed it itself
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  signal: AbortSignal,
  times: LockTimes = {},
): Promise<T> {
  const before = queues.get(path) ?? Promise.resolve();
  const turn = Promise.withResolvers<void>();
  const mine = before.then(() => turn.promise);
  queues.set(path, mine);
  try {
    await unlessAborted(before, signal);
    const mark = await acquire(path, signal, times);
    const touches = setInterval(() => {
      const now = new Date();
      // the lock may have been taken over meanwhile, and then the file is another's or gone
      utimes(path, now, now).catch(() => {});
    }, times.touchMs ?? 5000);
    touches.unref();
    try {
      return await work();
    } finally {
      clearInterval(touches);
      if ((await contentOf(path)) === mark) await rm(path, { force: true });
    }
  } finally {
    turn.resolve();
    if (queues.get(path) === mine) queues.delete(path);
  }
}

async function acquire(path: string, signal: AbortSignal, times: LockTimes): Promise<string> {
  const mark = `${process.pid}\n${hostname()}\n${randomBytes(12).toString('hex')}\n`;
  await mkdir(dirname(path), { recursive: true });
  for (;;) {
    signal.throwIfAborted();
    if (await create(path, mark)) return mark;
    if (await isStale(path, times)) await breakLock(path, times);
    else await delay(times.pollMs ?? 50, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** Make the file, unless it is there. */
async function create(path: string, content: string): Promise<boolean> {
  try {
    const handle = await open(path, 'wx');
    try {
      await handle.writeFile(content);
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false; // also when it is gone by now: try again
    // Windows says EPERM while a removed file is still open somewhere
    if (['EPERM', 'EBUSY'].includes(codeOf(error)) && (await exists(path))) return false;
    throw error;
  }
}

async function isStale(path: string, { staleMs = 60_000 }: LockTimes): Promise<boolean> {
  const content = await contentOf(path);
  const age = await ageOf(path);
  if (content === undefined || age === undefined) return false; // released meanwhile: try again
  const [pid, host] = content.split('\n');
  if (!/^[1-9]\d*$/.test(pid ?? '')) return age > HALF_WRITTEN_MS;
  if (age > staleMs) return true;
  return host === hostname() && !isAlive(Number(pid));
}

/** Remove a stale lock; a second file makes sure that only one process does, and that it removes no newer lock. */
async function breakLock(path: string, times: LockTimes): Promise<void> {
  const guard = `${path}.break`;
  if (!(await create(guard, `${process.pid}\n`))) {
    if (((await ageOf(guard)) ?? 0) > HALF_WRITTEN_MS) await rm(guard, { force: true });
    else await delay(times.pollMs ?? 50);
    return;
  }
  try {
    if (await isStale(path, times)) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  return readFile(path, 'latin1').catch(ignoreMissing);
}

/** Milliseconds since the file was touched, or undefined when there is none. */
async function ageOf(path: string): Promise<number | undefined> {
  const stats = await stat(path).catch(ignoreMissing);
  return stats === undefined ? undefined : Date.now() - stats.mtimeMs;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(ignoreMissing)) !== undefined;
}

function ignoreMissing(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error;
  return undefined;
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

async function unlessAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
