import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Benchmark } from '../benchmark.ts';
import { writeLargeStore } from './write-large-store.ts';

const ITEMS = 1_000_000;
const SECONDS = 30;
const MEMORY = 2 ** 30;
/** Bytes: a page that a phone opens. */
const SIZE = 10_000_000;

/** From a store with a million items to a page. */
export const report: Benchmark = {
  name: 'report',
  title: `HTML of 12 checkpoints × 12 variants × 8 tasks and all analyses of 24 layers, ${ITEMS} items: ${SECONDS} s, 1 GiB, ${SIZE / 1e6} MB`,
  baseline: 'what it may take',
  relation: 'as a part of',
  limits: { time: 1, memory: 1, size: 1 },
  async run(folder) {
    const store = join(folder, 'large.sqlite');
    const items = writeLargeStore(store, ITEMS);
    console.error(`${items} items written`);
    const child = fileURLToPath(new URL('./report-child.ts', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--conditions=@bitcliff/source',
      child,
      store,
    ]);
    const { seconds, peak, size } = JSON.parse(stdout) as { seconds: number; peak: number; size: number };
    const ratio = (name: string, part: number, milliseconds: number) => ({
      name,
      median: part,
      min: part,
      max: part,
      milliseconds,
    });
    return {
      ratios: [
        ratio('time', seconds / SECONDS, 1000 * seconds),
        ratio('memory', peak / MEMORY, 0),
        ratio('size', size / SIZE, 0),
      ],
      consumed: 0,
    };
  },
};
