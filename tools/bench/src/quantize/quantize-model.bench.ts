import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Benchmark } from '../benchmark.ts';
import type { Ratio } from '../interleave.ts';
import { PYTHIA_160M, writeRandomNeox } from '../runtime/random-neox.ts';

/** Windows of calibration and the seconds that a 160M model may take. */
const ASKED = {
  'rtn-w4g128': { windows: 0, seconds: 20 },
  'awq-w4g128': { windows: 64, seconds: 360 },
  'gptq-w4g128': { windows: 64, seconds: 360 },
} as const;
const LENGTH = 512;

interface Measured {
  readonly seconds: number;
  /** Of all threads, which says what the machine's other work does not. */
  readonly cpuSeconds: number;
  /** Of the seconds, those of the methods. */
  readonly methods: number;
  /** Bytes. */
  readonly peak: number;
  /** Bytes. */
  readonly estimated: number;
}

async function measure(recipe: keyof typeof ASKED): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'bitcliff-bench-'));
  try {
    await writeRandomNeox(folder, PYTHIA_160M);
    const child = fileURLToPath(new URL('./quantize-model-child.ts', import.meta.url));
    const size = [String(ASKED[recipe].windows), String(LENGTH)];
    const args = ['--conditions=@bitcliff/source', child, folder, recipe, ...size];
    const run = promisify(execFile)(process.execPath, args);
    run.child.stderr?.pipe(process.stderr);
    const measured = JSON.parse((await run).stdout) as Measured;
    console.error(JSON.stringify({ recipe, ...measured }));
    return measured;
  } finally {
    await rm(folder, { recursive: true });
  }
}

const once = (name: string, value: number): Ratio => ({
  name,
  median: value,
  min: value,
  max: value,
  milliseconds: 0,
});

/** A 160M model from its file to quantized blocks on disk, calibration included; and whether the estimate of its memory holds. A process each, run once. */
export const quantizeWholeModel: readonly Benchmark[] = (
  Object.keys(ASKED) as (keyof typeof ASKED)[]
).flatMap((recipe): Benchmark[] => {
  const { windows, seconds } = ASKED[recipe];
  let running: Promise<Measured> | undefined; // one for both
  const result = (): Promise<Measured> => {
    if (running === undefined) running = measure(recipe);
    return running;
  };
  const tokens = windows === 0 ? 'without calibration' : `calibrated on ${windows} × ${LENGTH} tokens`;
  return [
    {
      name: `quantize-model-${recipe}`,
      title: `a 160M model by ${recipe}, ${tokens}`,
      baseline: `the ${seconds} s that are asked for`,
      targets: { quantizeModel: 1 },
      async run() {
        const found = await result();
        return { ratios: [once('quantizeModel', seconds / found.seconds)], consumed: 0 };
      },
    },
    {
      name: `quantize-model-memory-${recipe}`,
      title: `peak memory of the same`,
      baseline: 'the estimate of --dry-run',
      relation: 'as a part of',
      limits: { quantizeModel: 1 },
      async run() {
        const found = await result();
        return { ratios: [once('quantizeModel', found.peak / found.estimated)], consumed: 0 };
      },
    },
  ];
});
