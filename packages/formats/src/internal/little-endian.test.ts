import { UnsupportedError } from '@bitcliff/core';
import { expect, it } from 'vitest';
import { requireLittleEndian } from './little-endian.ts';

it('refuses a big-endian machine and passes a little-endian one', () => {
  requireLittleEndian('readNpy', true);
  expect(() => requireLittleEndian('readNpy', false)).toThrow(UnsupportedError);
});
