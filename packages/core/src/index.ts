/**
 * What every bitcliff package shares: errors, dtype names, tensors, progress events, seeded random numbers, rounding rules.
 * @packageDocumentation
 */

// errors
export { BitcliffError, type BitcliffErrorFields } from './bitcliff-error.ts';
export {
  FormatError,
  InternalError,
  InvalidInputError,
  NotFoundError,
  ShapeError,
  UnsupportedError,
} from './errors.ts';
export { UnknownNameError } from './unknown-name-error.ts';

// tensors
export { bytesPerElement, DTYPES, type DType, isDType, type TypedArrayOf } from './dtype.ts';
export { elementCount, Tensor } from './tensor.ts';

// numbers
export { createRng, type Rng } from './random.ts';
export {
  ROUNDING,
  type RoundingMode,
  roundHalfAway,
  roundHalfToEven,
  roundHalfUp,
  roundTowardZero,
} from './rounding.ts';

// long work
export type { LongTaskOptions, ProgressEvent } from './progress.ts';
