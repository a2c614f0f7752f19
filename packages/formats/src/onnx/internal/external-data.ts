/** @file The external data of a TensorProto, after docs/ExternalData.md of onnx/onnx. */
import { FormatError } from '@bitcliff/core';
import type { Place } from '../../internal/elements.ts';
import { describe, quote } from '../../internal/quote.ts';

/** Where the data of an initializer stands outside the model. */
export interface ExternalData {
  /** A plain file name, beside the model. */
  readonly location: string;
  readonly offset: number;
}

/**
 * Check the entries of `external_data`: `location`, `offset` and `length`; `checksum` and keys of runtimes are not looked at.
 * @param byteLength bytes that dtype and shape need
 * @throws {FormatError} when the location is not a plain file name, or a number is not one or does not fit
 */
export function checkExternalData(
  entries: ReadonlyMap<string, string>,
  byteLength: number,
  place: Place,
): ExternalData {
  const location = entries.get('location');
  if (location === undefined || !isPlainFileName(location)) {
    throw new FormatError({
      ...place,
      problem: 'bad location of external data',
      expected: "a plain name of a file in the model's folder",
      received: location === undefined ? 'nothing' : quote(location),
    });
  }
  const offset = wholeNumber(entries.get('offset') ?? '0', 'offset', place);
  const stated = entries.get('length');
  const length = stated === undefined ? byteLength : wholeNumber(stated, 'length', place);
  if (length !== byteLength) {
    throw new FormatError({
      ...place,
      problem: 'length of external data does not fit dtype and shape',
      expected: `${byteLength} bytes`,
      received: length,
    });
  }
  return { location, offset };
}

/** Refuse external data that reaches past the end of its file. @throws {FormatError} */
export function checkExternalRange(
  data: ExternalData,
  byteLength: number,
  fileLength: number,
  place: Place,
): void {
  if (data.offset <= fileLength && byteLength <= fileLength - data.offset) return;
  throw new FormatError({
    ...place,
    problem: `external data reaches past the end of ${quote(data.location)}`,
    expected: `offset + length of at most ${fileLength} bytes`,
    received: `${data.offset} + ${byteLength}`,
  });
}

function wholeNumber(text: string, what: string, place: Place): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new FormatError({
    ...place,
    problem: `bad ${what} of external data`,
    expected: 'digits of an integer from 0 to 2^53 - 1',
    received: describe(text),
  });
}

/** No folder, no drive, no parent, no control character: the name cannot lead out of the model's folder. */
/** True for a name that stays in the model's folder on every system. */
export function isPlainFileName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
  return name !== '' && name !== '.' && name !== '..' && !/[/\\:\u0000-\u001f]/.test(name);
}
