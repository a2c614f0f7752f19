import { BLOCK_FORMATS } from '@bitcliff/formats';
import type { LinearPolicy } from '../policy.ts';

const SCALE_BITS = { F32: 32, F16: 16, BF16: 16 } as const;

/**
 * Bits that the weights of one linear layer take when stored, with scales, zero points and group indices.
 * @param policy `null` counts `floatBits` for each weight
 * @param size W [rows = in, columns = out]
 * @param floatBits of an unquantized weight @default 16
 */
export function storageBits(
  policy: LinearPolicy | null,
  size: { readonly rows: number; readonly columns: number },
  floatBits = 16,
): number {
  const { rows, columns } = size;
  if (policy === null) return floatBits * rows * columns;
  const { weights, method } = policy;
  switch (weights.kind) {
    case 'integer': {
      const scaleBits = SCALE_BITS[weights.scaleDtype];
      const zeroBits = weights.symmetric ? 0 : weights.grid === 'hqq' ? scaleBits : weights.bits;
      const groups = {
        perTensor: 1,
        perRow: rows,
        perColumn: columns,
        perGroup: Math.ceil(rows / (weights.groupSize ?? rows)) * columns,
      }[weights.granularity];
      const indexBits =
        method.name === 'gptq' && method.actOrder && !method.staticGroups && weights.groupSize !== null
          ? 32
          : 0;
      return weights.bits * rows * columns + groups * (scaleBits + zeroBits) + indexBits * rows;
    }
    case 'float8':
      return 8 * rows * columns + 32 * (weights.granularity === 'perTensor' ? 1 : columns);
    case 'mxfp4':
      return 4 * rows * columns + 8 * Math.ceil(rows / 32) * columns;
    case 'nvfp4':
      return 4 * rows * columns + 8 * Math.ceil(rows / 16) * columns + 32;
    case 'ggml': {
      const { blockSize, bytesPerBlock } = BLOCK_FORMATS[weights.type];
      return (rows * columns * bytesPerBlock * 8) / blockSize;
    }
  }
}
