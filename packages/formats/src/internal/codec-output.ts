import { ShapeError } from '@bitcliff/core';

/** Refuse an output array of another length than the input. @throws {ShapeError} */
export function checkOutputLength(op: string, expected: number, received: number): void {
  if (expected === received) return;
  throw new ShapeError({
    op,
    problem: 'output has another length than the input',
    expected: `${expected} elements`,
    received,
  });
}
