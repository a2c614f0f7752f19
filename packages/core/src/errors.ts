import { BitcliffError, type BitcliffErrorFields } from './bitcliff-error.ts';

type Fields = Omit<BitcliffErrorFields, 'code'>;

/** Shapes, lengths or ranges of an argument do not fit the operation. Code `SHAPE`. */
export class ShapeError extends BitcliffError {
  constructor(fields: Fields) {
    super({ code: 'SHAPE', ...fields });
  }
}

/** A file's bytes are not what its format says. Code `FORMAT`. */
export class FormatError extends BitcliffError {
  constructor(fields: Fields) {
    super({ code: 'FORMAT', ...fields });
  }
}

/** A file, folder or tensor that should exist does not. Code `NOT_FOUND`. */
export class NotFoundError extends BitcliffError {
  constructor(fields: Fields) {
    super({ code: 'NOT_FOUND', ...fields });
  }
}

/** The input is well formed, but this version cannot do it. Code `UNSUPPORTED`. */
export class UnsupportedError extends BitcliffError {
  constructor(fields: Fields) {
    super({ code: 'UNSUPPORTED', ...fields });
  }
}

/** A configuration, option or data row has a value that makes no sense. Code `INVALID`. */
export class InvalidInputError extends BitcliffError {
  constructor(fields: Fields) {
    super({ code: 'INVALID', ...fields });
  }
}

/** An invariant of bitcliff itself is broken. Code `INTERNAL`. */
export class InternalError extends BitcliffError {
  constructor(problem: string) {
    super({
      code: 'INTERNAL',
      op: 'internal',
      problem,
      hint: 'This is a defect of bitcliff: report it with the command that led here',
    });
  }
}
