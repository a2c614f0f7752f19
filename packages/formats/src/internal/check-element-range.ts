import { ShapeError } from '@bitcliff/core';
import type { ElementRange } from '../tensor-source.ts';
import type { Place } from './elements.ts';

/** Refuse a range that is not inside a tensor of `count` elements. @returns the range @throws {ShapeError} */
export function checkElementRange(range: ElementRange, count: number, place: Place): ElementRange {
  const { start, end } = range;
  const whole = Number.isSafeInteger(start) && Number.isSafeInteger(end);
  if (whole && start >= 0 && start <= end && end <= count) return range;
  throw new ShapeError({
    ...place,
    problem: 'range is not inside the tensor',
    expected: `0 <= start <= end <= ${count} elements`,
    received: `start ${start}, end ${end}`,
  });
}
