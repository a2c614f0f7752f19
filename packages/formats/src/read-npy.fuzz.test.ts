import { BitcliffError, bytesPerElement, createRng, elementCount, Tensor } from '@bitcliff/core';
import { expect, it } from 'vitest';
import { encodeNpy } from './encode-npy.ts';
import { readNpy } from './read-npy.ts';

const MUTATIONS = 20_000;

const good = encodeNpy(new Tensor('F32', [3, 4], new Float32Array(12).fill(0.5)));

/** Bytes that mean something in a header, so that mutations get past the first check. */
const TOKENS = [..."{}()':,<>|=0123456789-fiubTrueFalse \n"].map((c) => c.charCodeAt(0));

it(`refuses with a BitcliffError or reads correctly under ${MUTATIONS} mutations`, () => {
  const rng = createRng(20261123);
  let read = 0;
  for (let n = 0; n < MUTATIONS; n++) {
    let bytes = good.slice();
    for (let edits = 1 + rng.int(3); edits > 0; edits--) {
      const at = rng.int(rng.int(3) === 0 ? bytes.length : Math.min(bytes.length, 80));
      const kind = rng.int(6);
      if (kind === 0) bytes[at]! ^= 1 << rng.int(8);
      else if (kind === 1) bytes[at] = rng.int(256);
      else if (kind === 2) bytes[at] = rng.pick(TOKENS);
      else if (kind === 3) bytes = bytes.slice(0, Math.max(1, rng.int(bytes.length)));
      else if (kind === 4) bytes.copyWithin(at, rng.int(bytes.length), rng.int(bytes.length));
      else bytes = new Uint8Array([...bytes.subarray(0, at), rng.pick(TOKENS), ...bytes.subarray(at)]);
    }
    try {
      const tensor = readNpy(bytes, 'fuzz.npy');
      read++;
      expect(tensor.data.byteLength).toBe(elementCount(tensor.shape) * bytesPerElement(tensor.dtype));
      expect(tensor.data.byteLength).toBeLessThanOrEqual(bytes.length);
    } catch (error) {
      if (!BitcliffError.isInstance(error)) throw error;
      expect(error.message).toContain('fuzz.npy');
    }
  }
  // both outcomes must be common, else the mutations test nothing
  expect(read).toBeGreaterThan(MUTATIONS / 50);
  expect(read).toBeLessThan(MUTATIONS * 0.9);
});
