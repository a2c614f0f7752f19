import { type Backend, createKernels } from '@bitcliff/kernels';
import { type Interleaved, type InterleaveOptions, interleave } from '../interleave.ts';
import type { KernelCall } from './kernel-calls.ts';

/** A kernel on some backends, and a copy of its input, which is the least that any of them can take, against its typed-array reference. */
export async function measureKernel(
  call: KernelCall,
  names: readonly Backend[],
  options: InterleaveOptions,
): Promise<Interleaved> {
  const { bytes, run } = call();
  const input = new Uint8Array(bytes).fill(1);
  const backends = await Promise.all(names.map((backend) => createKernels({ backend })));
  const reference = await createKernels({ backend: 'reference' });
  try {
    const contenders = {
      reference: () => run(reference),
      ...Object.fromEntries(backends.map((kernels) => [kernels.backend, () => run(kernels)])),
      copy: () => input.slice().at(-1)!,
    };
    return await interleave(contenders, 'reference', options);
  } finally {
    for (const kernels of backends) await kernels.dispose();
  }
}
