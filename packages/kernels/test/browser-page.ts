/** @file Runs every kernel case on every backend of gpu.js in a page, and posts the results. */
import { type Backend, createKernels } from '../src/index.ts';
import { type CaseResult, KERNEL_CASES } from './kernel-cases.ts';

/** One case on one backend: what it measured, or why it failed. */
export type PageResult = { backend: Backend; kernel: string; title: string } & (
  | CaseResult
  | { error: string }
);

const BACKENDS: Backend[] = ['webgpu', 'webgl2', 'webasm', 'cpu'];

async function runAll(): Promise<PageResult[]> {
  const results: PageResult[] = [];
  for (const backend of BACKENDS) {
    const kernels = await createKernels({ backend });
    for (const { kernel, title, run } of KERNEL_CASES) {
      try {
        results.push({ backend, kernel, title, ...(await run(kernels)) });
      } catch (error) {
        results.push({
          backend,
          kernel,
          title,
          error: error instanceof Error ? error.message : String(error),
        });
      }
    }
    await kernels.dispose();
  }
  return results;
}

const post = (body: string) => fetch('/result', { method: 'POST', body });
runAll().then(
  (results) => post(JSON.stringify(results)),
  (error: Error) =>
    post(JSON.stringify([{ backend: 'webgpu', kernel: 'all', title: 'start', error: error.message }])),
);
