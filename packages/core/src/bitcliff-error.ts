/** What went wrong, as data; the message is made from it. */
export interface BitcliffErrorFields {
  /** Stable identifier for programs, in SCREAMING_SNAKE_CASE. */
  readonly code: string;
  /** The operation that failed, usually a function or command name. */
  readonly op: string;
  /** What is wrong, as a clause: "header length over the limit". */
  readonly problem: string;
  readonly expected?: string | number;
  readonly received?: string | number;
  /** The place: a tensor name, a line, an option. */
  readonly where?: string;
  /** The file, when there is one. */
  readonly path?: string;
  /** What to do about it, as a sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
}

const brand = Symbol.for('bitcliff.error');

/**
 * Base class of every error that bitcliff throws on purpose.
 * The message reads *operation: problem, expected X, received Y (where, file). Hint*.
 * @example
 * new BitcliffError({ code: 'SHAPE', op: 'packInt4', problem: 'length must be even', expected: 'a multiple of 2', received: 4095 }).message;
 * // packInt4: length must be even, expected a multiple of 2, received 4095
 */
export class BitcliffError extends Error {
  readonly code: string;
  readonly op: string;
  readonly problem: string;
  readonly expected: string | number | undefined;
  readonly received: string | number | undefined;
  readonly where: string | undefined;
  readonly path: string | undefined;
  readonly hint: string | undefined;

  constructor(fields: BitcliffErrorFields) {
    super(sentence(fields), fields.cause === undefined ? undefined : { cause: fields.cause });
    Object.defineProperty(this, brand, { value: true });
    this.name = new.target.name;
    this.code = fields.code;
    this.op = fields.op;
    this.problem = fields.problem;
    this.expected = fields.expected;
    this.received = fields.received;
    this.where = fields.where;
    this.path = fields.path;
    this.hint = fields.hint;
  }

  /** True for an error of any copy of this package (`instanceof` fails across copies). */
  static isInstance(error: unknown): error is BitcliffError {
    return typeof error === 'object' && error !== null && (error as Record<symbol, unknown>)[brand] === true;
  }
}

function sentence(f: BitcliffErrorFields): string {
  let text = `${f.op}: ${f.problem}`;
  if (f.expected !== undefined) text += `, expected ${f.expected}`;
  if (f.received !== undefined) text += `, received ${f.received}`;
  const places = [f.where, f.path].filter((place) => place !== undefined);
  if (places.length > 0) text += ` (${places.join(', ')})`;
  if (f.hint !== undefined) text += `. ${f.hint}`;
  return text;
}
