import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Benchmark } from '../benchmark.ts';
import { type NeoxShape, tokenFlops, writeRandomNeox } from './random-neox.ts';

/** 6.9 GB of F16; a block is 453 MB of f32. */
const SHAPE: NeoxShape = { layers: 28, hidden: 3072, heads: 24, vocabulary: 50_304, dtype: 'F16' };
const BUDGET = 1.5 * 2 ** 30;
/** More than fit the memory for hidden states, so that some go to the scratch file. */
const ROWS = 22;

/** A checkpoint that is much larger than the memory it may take. */
export const memory: Benchmark = {
  name: 'memory',
  title: `${ROWS} rows of 512 tokens through 6.9 GB of F16 weights, budget 1.5 GiB, ${Math.round((ROWS * 512 * tokenFlops(SHAPE, false)) / 1e12)} TFLOP`,
  baseline: 'the budget',
  relation: 'peak resident memory as a part of',
  limits: { 'engine.score': 1.15 },
  async run(folder) {
    await writeRandomNeox(folder, SHAPE);
    const child = fileURLToPath(new URL('./memory-child.ts', import.meta.url));
    const args = ['--conditions=@bitcliff/source', child, folder, String(BUDGET), String(ROWS)];
    const run = promisify(execFile)(process.execPath, args);
    run.child.stderr?.pipe(process.stderr);
    const { peak, scratchFiles } = JSON.parse((await run).stdout) as { peak: number; scratchFiles: number };
    if (scratchFiles === 0) throw new Error('memory: no hidden states went to a scratch file');
    const part = peak / BUDGET;
    const ratio = { name: 'engine.score', median: part, min: part, max: part, milliseconds: 0 };
    return { ratios: [ratio], consumed: 0 };
  },
};
