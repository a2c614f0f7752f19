import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRng } from '@bitcliff/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { contents, demoCheckpoint, run, writeConfig, writeToyData } from '../../test/toy-study.ts';
import { studyStatus } from '../store/study-status.node.ts';

const SCRIPT = fileURLToPath(new URL('../../test/run-study.ts', import.meta.url));
const KILLS = 20;

let folder: string;
let config: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-kill-'));
  await writeToyData(join(folder, 'data'), 300);
  config = await writeConfig(folder, {
    checkpoints: ['control', 'control-step-0400'].map(demoCheckpoint),
    recipes: ['w8a8', 'gptq-w3g32'],
    analyses: ['loss', 'weights', 'activationError'],
  });
});
afterEach(() => rm(folder, { recursive: true }));

const start = (...args: string[]): ChildProcess =>
  spawn(process.execPath, ['--conditions=@bitcliff/source', SCRIPT, config, ...args], { stdio: 'ignore' });

describe('a study whose process is killed', () => {
  it(`ends with exactly the records of an unbroken one, after ${KILLS} kills at random times`, async () => {
    const begin = performance.now();
    const { store } = await run(config);
    const whole = performance.now() - begin + 1500; // with the start of a process
    const expected = await contents(store);
    await rm(store);
    const rng = createRng(Date.now());
    const places = new Set<number>();
    for (let kills = 0; kills < KILLS; ) {
      const child = start();
      const ended = once(child, 'exit');
      const exit = await Promise.race([ended, sleep(300 + rng.uniform() * whole)]);
      if (exit !== undefined) {
        // it was done before its time: compare, and begin anew
        expect(exit[0]).toBe(0);
        expect(await contents(store)).toEqual(expected);
        await rm(store);
        continue;
      }
      child.kill('SIGKILL');
      await ended;
      kills++;
      places.add(doneRuns(store));
    }
    expect(places.size).toBeGreaterThan(2); // they did hit different places
    const { failures } = await run(config);
    expect(failures).toEqual([]);
    expect(await contents(store)).toEqual(expected);
  }, 600_000);

  it('is shared by processes that join it', async () => {
    const { store } = await run(config);
    const expected = await contents(store);
    await rm(store);
    const helpers: Promise<unknown>[] = [];
    const jobs: string[] = [];
    await run(config, {
      workers: 2,
      onEvent: (event) => {
        if (event.kind === 'planned') for (let i = 0; i < 2; i++) helpers.push(once(start('--join'), 'exit'));
        if (event.kind === 'done') jobs.push(event.job);
      },
    });
    expect((await Promise.all(helpers)).map((exit) => (exit as [number])[0])).toEqual([0, 0]);
    expect(await contents(store)).toEqual(expected);
    expect(new Set(jobs).size).toBe(jobs.length);
  }, 120_000);
});

function doneRuns(store: string): number {
  try {
    return studyStatus(store).progress.done;
  } catch {
    return -1; // killed before the plan was stored
  }
}
