import type { ROUNDING, RoundingMode } from '@bitcliff/core';
import { chooseAffine, createAffineCoder } from '../affine/affine-grid.ts';
import { type GroupRanges, groupRows, spreadRanges } from '../affine/affine-ref.ts';
import {
  type AffineGrid,
  type AffineOptions,
  type AffineParameters,
  GRID_ROUNDING,
} from '../affine/affine-scheme.ts';
import type { Kernels } from '../kernels.ts';
import { checkMatrix, type Matrix } from '../matrix.ts';
import { decodeAffineKernel, encodeAffineKernel, groupRangesKernel } from './affine-kernels.ts';
import { type GpuRunner, matrixInput } from './gpu-runner.ts';

/** The order of operations of each grid, as the kernel counts them. */
const ORDER: Readonly<Record<AffineGrid, number>> = {
  absmax: 0,
  awq: 0,
  gptq: 0,
  'compressed-tensors': 1,
  matmulnbits: 2,
  hqq: 3,
};
const ROUNDINGS: readonly RoundingMode[] = [
  'halfToEven',
  'halfAway',
  'halfUp',
  'towardZero',
] satisfies (keyof typeof ROUNDING)[];

/** The affine kernels of gpu.js behind the kernel interface. Scales and zero points, few numbers, are chosen on the host. */
export function affineGpu(
  runner: GpuRunner,
): Pick<Kernels, 'groupRanges' | 'quantizeAffine' | 'dequantizeAffine' | 'fakeQuantize'> {
  const groupRanges = async (
    matrix: Matrix,
    options: Pick<AffineOptions, 'granularity' | 'groupSize'>,
  ): Promise<GroupRanges> => {
    const { data, rows, columns } = matrix;
    checkMatrix('groupRanges', data, rows, columns);
    const groupSize = groupRows('groupRanges', rows, options);
    const cells = await runner.run(
      `groupRanges ${rows}x${columns} ${groupSize}`,
      groupRangesKernel(rows, columns, groupSize),
      matrixInput(data, rows, columns),
    );
    const count = cells.length / 2;
    return spreadRanges(
      { min: cells.slice(0, count), max: cells.slice(count), groupSize },
      columns,
      options.granularity,
    );
  };

  const encode = async (
    matrix: Matrix,
    options: AffineOptions,
    decode: boolean,
  ): Promise<{ cells: Float32Array; parameters: AffineParameters }> => {
    const { data, rows, columns } = matrix;
    const { minCode, maxCode } = createAffineCoder(options);
    const { min, max, groupSize } = await groupRanges(matrix, options);
    const parameters = { ...chooseAffine(min, max, options), groupSize };
    const groups = min.length / columns;
    const constants = {
      groupSize,
      minCode,
      maxCode,
      order: ORDER[options.grid],
      half: 2 ** (options.bits - 1),
      rounding: ROUNDINGS.indexOf(options.rounding ?? GRID_ROUNDING[options.grid]),
      decode: Number(decode),
    };
    const cells = await runner.run(
      `encodeAffine ${rows}x${columns} ${Object.values(constants).join(' ')}`,
      encodeAffineKernel(rows, columns, constants),
      matrixInput(data, rows, columns),
      matrixInput(parameters.scale, groups, columns),
      matrixInput(parameters.zeroPoint, groups, columns),
    );
    return { cells, parameters };
  };

  return {
    groupRanges,
    async quantizeAffine(matrix, options) {
      const { cells, parameters } = await encode(matrix, options, false);
      const { rows, columns } = matrix;
      const { bits, symmetric } = options;
      return { ...parameters, codes: Uint8Array.from(cells), rows, columns, bits, symmetric };
    },
    fakeQuantize: async (matrix, options) => (await encode(matrix, options, true)).cells,
    async dequantizeAffine({ codes, scale, zeroPoint, rows, columns, groupSize, groupIndex }) {
      checkMatrix('dequantizeAffine', codes, rows, columns);
      const groups = scale.length / columns;
      const group = Float32Array.from(
        { length: rows },
        (_, r) => groupIndex?.[r] ?? Math.floor(r / groupSize),
      );
      return runner.run(
        `decodeAffine ${rows}x${columns} ${groups}`,
        decodeAffineKernel(rows, columns),
        matrixInput(codes, rows, columns),
        matrixInput(scale, groups, columns),
        matrixInput(zeroPoint, groups, columns),
        group,
      );
    },
  };
}
