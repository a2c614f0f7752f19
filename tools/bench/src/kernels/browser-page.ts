/** @file Runs in a page: one kernel on every backend of gpu.js, and posts the ratios. */
import type { Backend } from '@bitcliff/kernels';
import { KERNEL_CALLS } from './kernel-calls.ts';
import { measureKernel } from './measure-kernel.ts';

const BACKENDS: readonly Backend[] = ['webgpu', 'webgl2', 'webasm', 'cpu'];

async function measure(): Promise<object> {
  const { search } = (globalThis as unknown as { readonly location: { readonly search: string } }).location;
  const { kernel = '', rounds } = Object.fromEntries(new URLSearchParams(search));
  return measureKernel(KERNEL_CALLS[kernel]!, BACKENDS, { rounds: Number(rounds), warmups: 1 });
}

const post = (result: object) => fetch('/result', { method: 'POST', body: JSON.stringify(result) });
measure().then(post, (error: Error) => post({ error: error.stack ?? error.message }));
