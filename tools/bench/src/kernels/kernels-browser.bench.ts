import { findChromium, runInBrowser } from '@bitcliff-tools/test/browser';
import type { Benchmark } from '../benchmark.ts';
import type { Interleaved } from '../interleave.ts';
import { KERNEL_CALLS } from './kernel-calls.ts';

const TIMEOUT = 10 * 60_000;

/** One benchmark for each kernel, on every backend of gpu.js in headless Chromium, where WebGPU and WebGL2 run on the processor (SwiftShader). */
export const kernelsBrowser: readonly Benchmark[] = Object.keys(KERNEL_CALLS).map((kernel) => ({
  name: `kernels-browser-${kernel}`,
  title: `${kernel} on webgpu, webgl2, webasm and cpu in headless Chromium, and a copy of its input`,
  baseline: 'the typed-array reference in the same page',
  async run(_, { rounds = 5 }) {
    const chromium = findChromium();
    if (chromium === undefined) throw new Error('no chromium on PATH, nor BITCLIFF_CHROMIUM');
    const entry = new URL('./browser-page.ts', import.meta.url);
    const query = { kernel, rounds: String(rounds) };
    const result = (await runInBrowser(entry, { chromium, timeout: TIMEOUT, query })) as object;
    if ('error' in result) throw new Error(`${kernel} in Chromium: ${result.error}`);
    return result as Interleaved;
  },
}));
