import type { Kernels, Matrix } from '@bitcliff/kernels';
import { encodeWeight } from '../../schemes/encode-weight.ts';
import type { StoredWeight } from '../../schemes/stored-weight.ts';
import type { WeightScheme } from '../../weight-scheme.ts';

/**
 * Round to nearest, "naive": every weight by itself. The symmetric schemes per row or column with scales of F32 run on the kernels' backend.
 * @param weight W [in, out], finite
 */
export async function quantizeRtn(
  weight: Matrix,
  scheme: WeightScheme,
  kernels: Kernels,
): Promise<StoredWeight> {
  const onKernels =
    scheme.kind === 'integer' &&
    scheme.grid === 'absmax' &&
    scheme.granularity === 'perColumn' &&
    scheme.scaleDtype === 'F32' &&
    scheme.rounding === 'halfToEven';
  if (!onKernels) return encodeWeight(weight, scheme);
  const { bits } = scheme;
  const { codes, scale, rows, columns } = await kernels.quantizeSymmetric(weight, {
    bits,
    granularity: 'perColumn',
  });
  const half = 2 ** (bits - 1);
  const matrix = {
    codes: Uint8Array.from(codes, (code) => code + half),
    scale,
    zeroPoint: new Float32Array(columns).fill(half),
    groupSize: rows,
    rows,
    columns,
    bits,
    symmetric: true,
  };
  return { kind: 'integer', matrix };
}
