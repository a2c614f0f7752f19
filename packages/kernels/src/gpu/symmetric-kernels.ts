/**
 * @file The symmetric kernels as gpu.js functions, one thread per output cell.
 * Loop bounds come from `this.constants`: a bound from an argument would stop at 1000 iterations without a word. `Math.fround`
 * makes the `cpu` backend, which computes in f64, round where the others do. Matrices are 2-D inputs, so that no index of a
 * large matrix is computed in f32.
 */
import type { GPU, IConstantsThis, IKernelFunctionThis, IKernelRunShortcut } from 'gpu.js';
import type { MatrixGranularity } from '../matrix.ts';

interface LoopBound extends IConstantsThis {
  count: number;
}

/** absmax of each row or column. Arguments: x [rows][columns]. Output: f32[rows] or f32[columns]. */
export function createAbsmax(
  gpu: GPU,
  rows: number,
  columns: number,
  granularity: MatrixGranularity,
  asyncMode: boolean,
): IKernelRunShortcut {
  if (granularity === 'perRow') {
    return gpu.createKernel(
      function (this: IKernelFunctionThis<LoopBound>, x: number[][]) {
        let max = 0;
        for (let i = 0; i < this.constants.count; i++) {
          max = Math.max(max, Math.abs(x[this.thread.x]![i]!));
        }
        return max;
      },
      { output: [rows], constants: { count: columns }, asyncMode },
    );
  }
  return gpu.createKernel(
    function (this: IKernelFunctionThis<LoopBound>, x: number[][]) {
      let max = 0;
      for (let i = 0; i < this.constants.count; i++) {
        max = Math.max(max, Math.abs(x[i]![this.thread.x]!));
      }
      return max;
    },
    { output: [columns], constants: { count: rows }, asyncMode },
  );
}

/** Which axis picks the scale: one of the two is 1, the other 0. */
interface ScaleAxis extends IConstantsThis {
  perRow: number;
  perColumn: number;
}

const SCALE_AXIS: Record<MatrixGranularity, ScaleAxis> = {
  perRow: { perRow: 1, perColumn: 0 },
  perColumn: { perRow: 0, perColumn: 1 },
};

/** Integer codes. Arguments: x [rows][columns], scale [rows] or [columns], quantMax. Output: f32[rows][columns] of integers. */
export function createQuantize(
  gpu: GPU,
  rows: number,
  columns: number,
  granularity: MatrixGranularity,
  asyncMode: boolean,
): IKernelRunShortcut {
  return gpu.createKernel(
    function (this: IKernelFunctionThis<ScaleAxis>, x: number[][], scale: number[], top: number) {
      const s = scale[this.thread.y * this.constants.perRow + this.thread.x * this.constants.perColumn]!;
      if (s === 0) {
        return 0;
      }
      const v = Math.fround(x[this.thread.y]![this.thread.x]! / s);
      const below = Math.floor(v);
      const fraction = v - below;
      let q = below;
      if (fraction > 0.5) {
        q = below + 1;
      } else if (fraction === 0.5 && below - 2 * Math.floor(below / 2) !== 0) {
        q = below + 1;
      }
      return Math.max(0 - top, Math.min(top, q));
    },
    { output: [columns, rows], constants: SCALE_AXIS[granularity], asyncMode },
  );
}

/** x̂ = q · s. Arguments: q [rows][columns], scale [rows] or [columns]. Output: f32[rows][columns]. */
export function createDequantize(
  gpu: GPU,
  rows: number,
  columns: number,
  granularity: MatrixGranularity,
  asyncMode: boolean,
): IKernelRunShortcut {
  return gpu.createKernel(
    function (this: IKernelFunctionThis<ScaleAxis>, q: number[][], scale: number[]) {
      const s = scale[this.thread.y * this.constants.perRow + this.thread.x * this.constants.perColumn]!;
      return q[this.thread.y]![this.thread.x]! * s;
    },
    { output: [columns, rows], constants: SCALE_AXIS[granularity], asyncMode },
  );
}
