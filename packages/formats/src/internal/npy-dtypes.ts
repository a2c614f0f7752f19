import type { DType } from '@bitcliff/core';

/** First six bytes of every NPY file. */
export const NPY_MAGIC: readonly number[] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // numpy/lib/format.py, MAGIC_PREFIX

/** NumPy's names of the dtypes that both sides have, little-endian. */
export const NPY_DTYPES: ReadonlyMap<string, DType> = new Map<string, DType>([
  ['<f8', 'F64'],
  ['<f4', 'F32'],
  ['<f2', 'F16'],
  ['<i8', 'I64'],
  ['<i4', 'I32'],
  ['<i2', 'I16'],
  ['|i1', 'I8'],
  ['<u8', 'U64'],
  ['<u4', 'U32'],
  ['<u2', 'U16'],
  ['|u1', 'U8'],
  ['|b1', 'BOOL'],
]);
