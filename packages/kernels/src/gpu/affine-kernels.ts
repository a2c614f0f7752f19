/**
 * @file The affine kernels as gpu.js functions, one thread per output cell; see symmetric-kernels.ts for the rules they keep. The group
 * of a row is ⌊(row + ½) / groupSize⌋: without the half a GPU's division may fall just short of a whole number.
 */
import type { IConstantsThis, IKernelFunctionThis } from 'gpu.js';
import type { KernelFactory } from './gpu-runner.ts';

interface RangeConstants extends IConstantsThis {
  groupSize: number;
  rows: number;
}

/** Smallest and largest element of each group. Arguments: x [rows][columns]. Output: f32[2 · groups][columns], the minima first. */
export function groupRangesKernel(rows: number, columns: number, groupSize: number): KernelFactory {
  const groups = Math.ceil(rows / groupSize);
  return (gpu, asyncMode) =>
    gpu.createKernel(
      function (this: IKernelFunctionThis<RangeConstants & { groups: number }>, x: number[][]) {
        let group = this.thread.y;
        let sign = -1;
        if (this.thread.y >= this.constants.groups) {
          group = this.thread.y - this.constants.groups;
          sign = 1;
        }
        const start = group * this.constants.groupSize;
        // the largest of x, or of −x
        let most = sign * x[start]![this.thread.x]!;
        for (let i = 0; i < this.constants.groupSize; i++) {
          if (start + i < this.constants.rows) {
            most = Math.max(most, sign * x[start + i]![this.thread.x]!);
          }
        }
        return sign * most;
      },
      { output: [columns, 2 * groups], constants: { groupSize, rows, groups }, asyncMode },
    );
}

/** How a code is computed, as numbers for the kernel. */
export interface CodeConstants extends IConstantsThis {
  groupSize: number;
  minCode: number;
  maxCode: number;
  /** 0: round(x / s) + z; 1: round(x / s + z − half) + half; 2: round(x · (1 / s) + z); 3: round(x / s + z). */
  order: number;
  half: number;
  /** 0 half to even, 1 half away from zero, 2 half up, 3 towards zero. */
  rounding: number;
  /** 1: the number that the code stands for, 0: the code. */
  decode: number;
}

/** Codes, or what they stand for. Arguments: x [rows][columns], scale and zeroPoint [groups][columns]. Output: f32[rows][columns]. */
export function encodeAffineKernel(rows: number, columns: number, constants: CodeConstants): KernelFactory {
  return (gpu, asyncMode) =>
    gpu.createKernel(
      function (
        this: IKernelFunctionThis<CodeConstants>,
        x: number[][],
        scale: number[][],
        zeroPoint: number[][],
      ) {
        const group = Math.floor((this.thread.y + 0.5) / this.constants.groupSize);
        const s = scale[group]![this.thread.x]!;
        const z = zeroPoint[group]![this.thread.x]!;
        let q = z;
        if (s !== 0) {
          let v = 0;
          if (this.constants.order === 2) {
            v = Math.fround(x[this.thread.y]![this.thread.x]! * Math.fround(1 / s));
          } else {
            v = Math.fround(x[this.thread.y]![this.thread.x]! / s);
          }
          let before = 0;
          let after = z;
          if (this.constants.order === 1) {
            before = z - this.constants.half;
            after = this.constants.half;
          } else if (this.constants.order >= 2) {
            before = z;
            after = 0;
          }
          v = Math.fround(v + before);
          const below = Math.floor(v);
          const fraction = v - below;
          let rounded = below;
          if (this.constants.rounding === 3) {
            if (v < 0 && fraction > 0) {
              rounded = below + 1;
            }
          } else if (fraction > 0.5) {
            rounded = below + 1;
          } else if (fraction === 0.5) {
            if (this.constants.rounding === 2) {
              rounded = below + 1;
            } else if (this.constants.rounding === 1) {
              if (v > 0) {
                rounded = below + 1;
              }
            } else if (below - 2 * Math.floor(below / 2) !== 0) {
              rounded = below + 1;
            }
          }
          q = rounded + after;
        }
        q = Math.max(this.constants.minCode, Math.min(this.constants.maxCode, q));
        if (this.constants.decode === 1) {
          return Math.fround(q - z) * s;
        }
        return q;
      },
      { output: [columns, rows], constants, asyncMode },
    );
}

/** x̂ = (q − z) · s. Arguments: q [rows][columns], scale and zeroPoint [groups][columns], group [rows]. Output: f32[rows][columns]. */
export function decodeAffineKernel(rows: number, columns: number): KernelFactory {
  return (gpu, asyncMode) =>
    gpu.createKernel(
      function (
        this: IKernelFunctionThis,
        q: number[][],
        scale: number[][],
        zeroPoint: number[][],
        group: number[],
      ) {
        const g = group[this.thread.y]!;
        return (
          Math.fround(q[this.thread.y]![this.thread.x]! - zeroPoint[g]![this.thread.x]!) *
          scale[g]![this.thread.x]!
        );
      },
      { output: [columns, rows], asyncMode },
    );
}
