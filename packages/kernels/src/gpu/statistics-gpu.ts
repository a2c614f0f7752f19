import type { Kernels } from '../kernels.ts';
import { checkMatrix } from '../matrix.ts';
import { checkPair, histogramEdges, powerIteration } from '../statistics/statistics-ref.ts';
import { type GpuRunner, matrixInput } from './gpu-runner.ts';
import {
  errorSumsKernel,
  histogramKernel,
  outlierCountsKernel,
  rowDeviationKernel,
  rowSumsKernel,
  timesVectorKernel,
  transposedTimesVectorKernel,
} from './statistics-kernels.ts';

type StatisticsKernels = Pick<
  Kernels,
  'errorSums' | 'rowDeviation' | 'outlierCounts' | 'histogram' | 'spectralNorm'
>;

/** Statistics of gpu.js behind the kernel interface. */
export function statisticsGpu(runner: GpuRunner): StatisticsKernels {
  return {
    async errorSums(a, b) {
      checkPair('errorSums', a, b);
      const { rows, columns } = a;
      const cells = await runner.run(
        `errorSums ${rows}x${columns}`,
        errorSumsKernel(rows, columns),
        matrixInput(a.data, rows, columns),
        matrixInput(b.data, rows, columns),
      );
      const sums = [0, 0, 0];
      for (let i = 0; i < cells.length; i++) sums[i % 3]! += cells[i]!;
      return { original: sums[0]!, quantized: sums[1]!, difference: sums[2]! };
    },
    async rowDeviation({ data, rows, columns }) {
      checkMatrix('rowDeviation', data, rows, columns);
      const x = matrixInput(data, rows, columns);
      const sums = await runner.run(`rowSums ${rows}x${columns}`, rowSumsKernel(rows, columns), x);
      const mean = sums.map((sum) => sum / columns);
      const kernel = rowDeviationKernel(rows, columns);
      return (await runner.run(`rowDeviation ${rows}x${columns}`, kernel, x, mean)).map((sum) =>
        Math.sqrt(sum / columns),
      );
    },
    async outlierCounts({ data, rows, columns }, threshold) {
      checkMatrix('outlierCounts', data, rows, columns);
      const kernel = outlierCountsKernel(rows, columns);
      const x = matrixInput(data, rows, columns);
      return Uint32Array.from(
        await runner.run(`outlierCounts ${rows}x${columns}`, kernel, x, Math.fround(threshold)),
      );
    },
    async histogram({ data, rows, columns }, options) {
      checkMatrix('histogram', data, rows, columns);
      const edges = histogramEdges(options);
      const { bins } = options;
      const kernel = histogramKernel(rows, columns, bins);
      const x = matrixInput(data, rows, columns);
      const cells = await runner.run(`histogram ${rows}x${columns} ${bins}`, kernel, x, edges);
      const counts = new Uint32Array(bins);
      for (let i = 0; i < cells.length; i++) counts[i % bins]! += cells[i]!;
      return counts;
    },
    async spectralNorm({ data, rows, columns }, options = {}) {
      checkMatrix('spectralNorm', data, rows, columns);
      const w = matrixInput(data, rows, columns);
      const products = {
        times: (v: Float32Array) =>
          runner.run(`timesVector ${rows}x${columns}`, timesVectorKernel(rows, columns), w, v),
        transposedTimes: (u: Float32Array) =>
          runner.run(
            `transposedTimesVector ${rows}x${columns}`,
            transposedTimesVectorKernel(rows, columns),
            w,
            u,
          ),
      };
      return powerIteration(columns, products, options);
    },
  };
}
