import type { Kernels, Matrix } from '@bitcliff/kernels';
import { affineOptions, encodeWeight } from '../../schemes/encode-weight.ts';
import type { StoredWeight } from '../../schemes/stored-weight.ts';
import type { WeightScheme } from '../../weight-scheme.ts';

/**
 * Round to nearest, "naive": every weight by itself. Integers are rounded on the kernels' backend.
 * @param weight W [in, out], finite  @param largest see `encodeWeight`
 */
export async function quantizeRtn(
  weight: Matrix,
  scheme: WeightScheme,
  kernels: Pick<Kernels, 'quantizeAffine'>,
  largest?: number,
): Promise<StoredWeight> {
  if (scheme.kind !== 'integer') return encodeWeight(weight, scheme, largest);
  return { kind: 'integer', matrix: await kernels.quantizeAffine(weight, affineOptions(scheme)) };
}
