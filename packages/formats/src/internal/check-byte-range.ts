import { ShapeError } from '@bitcliff/core';

/** Refuse a read that is not inside the source. @throws {ShapeError} */
export function checkByteRange(
  source: { readonly name: string; readonly byteLength: number },
  offset: number,
  length: number,
): void {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
  if (whole && offset >= 0 && length >= 0 && length <= source.byteLength - offset) return;
  throw new ShapeError({
    op: 'ByteSource.read',
    problem: 'range is not inside the file',
    expected: `a range inside [0, ${source.byteLength}) bytes`,
    received: `offset ${offset}, length ${length}`,
    path: source.name,
  });
}
