import type { PickleCursor } from './pickle-cursor.ts';
import { OP } from './pickle-opcodes.ts';

/**
 * The value of an opcode that pushes a scalar.
 * @returns undefined when the opcode is not one of these
 * @throws {FormatError} when the value is cut, over a limit, or text that is not UTF-8
 */
export function readScalar(
  code: number,
  cursor: PickleCursor,
): null | boolean | bigint | number | string | undefined {
  switch (code) {
    case OP.NONE:
      return null;
    case OP.NEWTRUE:
      return true;
    case OP.NEWFALSE:
      return false;
    case OP.BININT:
      return BigInt(cursor.int32());
    case OP.BININT1:
      return BigInt(cursor.uint8());
    case OP.BININT2:
      return BigInt(cursor.uint16());
    case OP.LONG1:
      return cursor.integer(cursor.uint8());
    case OP.LONG4:
      return cursor.integer(cursor.int32());
    case OP.BINFLOAT:
      return cursor.float64();
    case OP.SHORT_BINSTRING: // the str of Python 2, read as torch.load reads it: UTF-8
    case OP.SHORT_BINUNICODE:
      return cursor.text(cursor.uint8());
    case OP.BINSTRING:
    case OP.BINUNICODE:
      return cursor.text(cursor.uint32());
    case OP.BINUNICODE8:
      return cursor.text(cursor.length64());
    default:
      return undefined;
  }
}
