import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Benchmark } from '../benchmark.ts';
import type { Ratio } from '../interleave.ts';
import { PYTHIA_160M, writeRandomNeox } from '../runtime/random-neox.ts';

const BUDGET = 2 ** 30;
const SEQUENCES = 8;
const LENGTH = 512;
/** As in the benchmark `memory`. */
const LIMIT = 1.15;
const PARTS = ['analyzeWeights', 'analyzeActivations', 'activationError'];

/** Each part of the analysis in a process of its own. */
export const analysisMemory: Benchmark = {
  name: 'analysis-memory',
  title: `Pythia 160M with random weights and w8a8, ${SEQUENCES} × ${LENGTH} tokens, budget 1 GiB`,
  baseline: 'the budget',
  relation: 'peak resident memory as a part of',
  limits: Object.fromEntries(PARTS.map((part) => [part, LIMIT])),
  async run(folder) {
    await writeRandomNeox(folder, PYTHIA_160M);
    const child = fileURLToPath(new URL('./analysis-memory-child.ts', import.meta.url));
    const ratios: Ratio[] = [];
    for (const part of PARTS) {
      const args = [folder, part, String(BUDGET), String(SEQUENCES), String(LENGTH)];
      const run = promisify(execFile)(process.execPath, ['--conditions=@bitcliff/source', child, ...args]);
      run.child.stderr?.pipe(process.stderr);
      const ratio = Number((await run).stdout) / BUDGET;
      ratios.push({ name: part, median: ratio, min: ratio, max: ratio, milliseconds: 0 });
    }
    return { ratios, consumed: 0 };
  },
};
