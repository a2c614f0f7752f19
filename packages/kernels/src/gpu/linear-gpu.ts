import type { Kernels } from '../kernels.ts';
import { checkAwq } from '../linear/awq-errors.ts';
import { addPartialProducts, checkInt8, dequantizeProduct } from '../linear/int8-product.ts';
import {
  checkEven,
  checkFactors,
  checkNibbles,
  checkPowerOfTwo,
  type ScaleOptions,
} from '../linear/linear-ref.ts';
import { checkMatrix, type Matrix } from '../matrix.ts';
import { type GpuRunner, matrixInput } from './gpu-runner.ts';
import {
  gramFormKernel,
  gramKernel,
  packNibblesKernel,
  partialProductsKernel,
  scaleKernel,
  unpackNibblesKernel,
  walshHadamardKernel,
} from './linear-kernels.ts';

type LinearKernels = Pick<
  Kernels,
  | 'int8Multiply'
  | 'gramMatrix'
  | 'scaleMatrix'
  | 'awqErrors'
  | 'walshHadamard'
  | 'packNibbles'
  | 'unpackNibbles'
>;

/** Products, scalings and packing of gpu.js behind the kernel interface. @param fakeQuantize on the same runner */
export function linearGpu(runner: GpuRunner, { fakeQuantize }: Pick<Kernels, 'fakeQuantize'>): LinearKernels {
  const scaleMatrix = async (
    matrix: Matrix,
    factors: Float32Array,
    options: ScaleOptions,
  ): Promise<Float32Array> => {
    checkFactors(matrix, factors, options);
    const { data, rows, columns } = matrix;
    const flags = { perRow: options.axis === 'rows', divide: options.operation === 'divide' };
    return runner.run(
      `scale ${rows}x${columns} ${flags.perRow} ${flags.divide}`,
      scaleKernel(rows, columns, flags),
      matrixInput(data, rows, columns),
      factors,
    );
  };

  return {
    scaleMatrix,
    async int8Multiply(x, w) {
      checkInt8(x, w);
      const [m, k, n] = [x.rows, x.columns, w.columns];
      const partial = await runner.run(
        `partialProducts ${m}x${n}x${k}`,
        partialProductsKernel(m, n, k),
        matrixInput(x.codes, m, k),
        matrixInput(w.codes, k, n),
      );
      return dequantizeProduct(addPartialProducts(partial, m * n), x, w);
    },
    async gramMatrix({ data, rows, columns }) {
      checkMatrix('gramMatrix', data, rows, columns);
      return runner.run(
        `gram ${rows}x${columns}`,
        gramKernel(rows, columns),
        matrixInput(data, rows, columns),
      );
    },
    async awqErrors(weight, inputs, candidates, options) {
      checkAwq(weight, inputs, candidates);
      const { rows, columns } = weight;
      const gram = matrixInput(inputs.gram, rows, rows);
      const errors = new Float64Array(candidates.length);
      for (const [c, scales] of candidates.entries()) {
        const scaled = await scaleMatrix(weight, scales, { axis: 'rows', operation: 'multiply' });
        const rounded = await fakeQuantize({ ...weight, data: scaled }, options);
        const back = await scaleMatrix({ ...weight, data: rounded }, scales, {
          axis: 'rows',
          operation: 'divide',
        });
        const d = back.map((x, i) => x - weight.data[i]!);
        const cells = await runner.run(
          `gramForm ${rows}x${columns}`,
          gramFormKernel(rows, columns),
          matrixInput(d, rows, columns),
          gram,
        );
        errors[c] = cells.reduce((sum, x) => sum + x, 0) / (inputs.tokens * columns);
      }
      return errors;
    },
    async walshHadamard(matrix) {
      checkPowerOfTwo(matrix);
      const { data, rows, columns } = matrix;
      if (columns === 1) return data.slice();
      const halves = Array.from({ length: Math.log2(columns) }, (_, i) => 2 ** i);
      const kernel = walshHadamardKernel(rows, columns);
      const input = matrixInput(data, rows, columns);
      return runner.runPasses(`walshHadamard ${rows}x${columns}`, kernel, input, halves);
    },
    async packNibbles(codes, size) {
      checkNibbles('packNibbles', codes, size);
      const { rows, columns } = size;
      const kernel = packNibblesKernel(rows, columns);
      return Uint8Array.from(
        await runner.run(`packNibbles ${rows}x${columns}`, kernel, matrixInput(codes, rows, columns)),
      );
    },
    async unpackNibbles(bytes, { rows, columns }) {
      checkEven('unpackNibbles', columns);
      checkMatrix('unpackNibbles', bytes, rows, columns / 2);
      const kernel = unpackNibblesKernel(rows, columns);
      const input = matrixInput(bytes, rows, columns / 2);
      return Uint8Array.from(await runner.run(`unpackNibbles ${rows}x${columns}`, kernel, input));
    },
  };
}
