import { type DType, UnsupportedError } from '@bitcliff/core';

const FLOATS: ReadonlySet<DType> = new Set<DType>(['F64', 'F32', 'F16', 'BF16', 'F8_E4M3', 'F8_E5M2']);

/** Refuse a dtype that has no float32 reading here. @throws {UnsupportedError} */
export function requireFloat(dtype: DType, place: { op: string; where?: string; path?: string }): void {
  if (FLOATS.has(dtype)) return;
  throw new UnsupportedError({
    ...place,
    problem: `cannot read ${dtype} as float32`,
    expected: `one of: ${[...FLOATS].join(', ')}`,
    received: dtype,
    hint: 'Read it in its own dtype and convert it',
  });
}
