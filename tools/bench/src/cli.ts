/** @file `bench [filter] [--json] [--rounds N]`: run the benchmarks whose name contains the filter, progress to stderr, ratios to stdout. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { analysisMemory } from './analysis/analysis-memory.bench.ts';
import { standardAnalysis } from './analysis/standard-analysis.bench.ts';
import type { Benchmark } from './benchmark.ts';
import { eightTasksScored } from './evals/eight-tasks.bench.ts';
import { prepare } from './evals/prepare.bench.ts';
import { openHeader } from './formats/open-header.bench.ts';
import { q40Dequantize, q40Quantize } from './formats/q4-0.bench.ts';
import { readF32 } from './formats/read-f32.bench.ts';
import { widen16Bit } from './formats/widen-16-bit.bench.ts';
import { writeSafetensors } from './formats/write-safetensors.bench.ts';
import { denseProducts } from './kernels/dense.bench.ts';
import { kernelBenchmarks } from './kernels/kernels.bench.ts';
import { kernelsBrowser } from './kernels/kernels-browser.bench.ts';
import { trainStep } from './pretrain/train-step.bench.ts';
import { quantizeMethods } from './quantize/methods.bench.ts';
import { quantizeWholeModel } from './quantize/quantize-model.bench.ts';
import { report } from './report/report.bench.ts';
import { llamaCpp } from './runtime/llama-cpp.bench.ts';
import { memory } from './runtime/memory.bench.ts';
import { PYTHIA } from './runtime/pythia.bench.ts';
import { idleThreads, packing } from './runtime/score.bench.ts';

const BENCHMARKS: readonly Benchmark[] = [
  openHeader,
  readF32,
  widen16Bit,
  q40Dequantize,
  q40Quantize,
  writeSafetensors,
  packing,
  idleThreads,
  ...denseProducts,
  ...kernelBenchmarks,
  ...kernelsBrowser,
  ...quantizeMethods,
  ...quantizeWholeModel,
  ...PYTHIA,
  memory,
  prepare,
  eightTasksScored,
  standardAnalysis,
  analysisMemory,
  llamaCpp,
  trainStep,
  report,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, rounds: { type: 'string' } },
});
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
const chosen = BENCHMARKS.filter(({ name }) => positionals.every((filter) => name.includes(filter)));
if (chosen.length === 0 || (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))) {
  console.error(
    `usage: bench [filter] [--json] [--rounds N]; benchmarks: ${BENCHMARKS.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}

const rows: object[] = [];
for (const benchmark of chosen) {
  console.error(`${benchmark.name}: ${benchmark.title}`);
  const folder = await mkdtemp(join(tmpdir(), 'bitcliff-bench-'));
  try {
    const { ratios } = await benchmark.run(folder, rounds === undefined ? {} : { rounds });
    for (const { name, median, min, max } of ratios) {
      const target = benchmark.targets?.[name];
      const limit = benchmark.limits?.[name];
      const row = {
        benchmark: benchmark.name,
        code: name,
        median,
        min,
        max,
        target,
        limit,
        baseline: benchmark.baseline,
      };
      rows.push(row);
      if (values.json) continue;
      const spread = `${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)})`;
      const goals = [
        ...(target === undefined
          ? []
          : [`, asked for ${target.toFixed(2)}: ${median >= target ? 'met' : 'missed'}`]),
        ...(limit === undefined
          ? []
          : [`, at most ${limit.toFixed(2)}: ${median <= limit ? 'met' : 'missed'}`]),
      ];
      const relation = benchmark.relation ?? 'times the speed of';
      console.log(`${name}: ${spread} ${relation} ${benchmark.baseline}${goals.join('')}`);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}
if (values.json) console.log(JSON.stringify(rows, null, 2));
