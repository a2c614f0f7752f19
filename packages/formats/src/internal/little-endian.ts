import { UnsupportedError } from '@bitcliff/core';

const hostIsLittleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Typed arrays have the byte order of the machine and every format here is little-endian: refuse to be silently wrong.
 * @throws {UnsupportedError} on a big-endian machine
 */
export function requireLittleEndian(op: string, littleEndian: boolean = hostIsLittleEndian): void {
  if (littleEndian) return;
  throw new UnsupportedError({
    op,
    problem: 'this machine stores numbers big-endian',
    expected: 'a little-endian machine',
  });
}
