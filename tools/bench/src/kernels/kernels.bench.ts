import type { Benchmark } from '../benchmark.ts';
import { KERNEL_CALLS } from './kernel-calls.ts';
import { measureKernel } from './measure-kernel.ts';

/** One benchmark for each kernel, on the backends that Node has. */
export const kernelBenchmarks: readonly Benchmark[] = Object.entries(KERNEL_CALLS).map(([name, call]) => ({
  name: `kernel-${name}`,
  title: `${name} on webasm and cpu, and a copy of its input`,
  baseline: 'the typed-array reference',
  run: (_, options) => measureKernel(call, ['webasm', 'cpu'], options),
}));
