import type { Kernels } from '../kernels.ts';
import { checkMatrix, type Matrix, type MatrixGranularity } from '../matrix.ts';
import { quantMax } from '../symmetric.ts';
import { type GpuRunner, matrixInput } from './gpu-runner.ts';
import { createAbsmax, createDequantize, createQuantize } from './symmetric-kernels.ts';

/** The symmetric kernels of gpu.js behind the kernel interface. */
export function symmetricGpu(
  runner: GpuRunner,
): Pick<Kernels, 'absmax' | 'quantizeSymmetric' | 'dequantizeSymmetric'> {
  const run = (
    name: string,
    factory: typeof createQuantize,
    { rows, columns }: { rows: number; columns: number },
    granularity: MatrixGranularity,
    ...args: unknown[]
  ): Promise<Float32Array> =>
    runner.run(
      `${name} ${rows}x${columns} ${granularity}`,
      (gpu, asyncMode) => factory(gpu, rows, columns, granularity, asyncMode),
      ...args,
    );
  const absmax = async (matrix: Matrix, granularity: MatrixGranularity): Promise<Float32Array> => {
    const { data, rows, columns } = matrix;
    checkMatrix('absmax', data, rows, columns);
    return run('absmax', createAbsmax, matrix, granularity, matrixInput(data, rows, columns));
  };
  return {
    absmax,
    async quantizeSymmetric(matrix, { bits, granularity }) {
      const { data, rows, columns } = matrix;
      const top = quantMax(bits);
      const scale = (await absmax(matrix, granularity)).map((max) => max / top);
      const x = matrixInput(data, rows, columns);
      const cells = await run('quantize', createQuantize, matrix, granularity, x, scale, top);
      return { codes: Int8Array.from(cells), scale, rows, columns, granularity, bits };
    },
    async dequantizeSymmetric(quantized) {
      const { codes, scale, rows, columns, granularity } = quantized;
      checkMatrix('dequantize', codes, rows, columns);
      const q = matrixInput(codes, rows, columns);
      return run('dequantize', createDequantize, quantized, granularity, q, scale);
    },
  };
}
