import { BitcliffError, bytesPerElement, createRng, elementCount, Tensor } from '@bitcliff/core';
import { expect, it } from 'vitest';
import { encodeSafetensors } from './encode-safetensors.ts';
import { memorySource } from './memory-source.ts';
import { openSafetensors } from './open-safetensors.ts';

const MUTATIONS = 20_000;

const good = encodeSafetensors(
  new Map<string, Tensor>([
    ['model.embed.weight', new Tensor('F32', [4, 3], new Float32Array(12).fill(0.5))],
    ['model.norm.weight', new Tensor('BF16', [3], new Uint16Array([0x3f80, 0x3f80, 0x3f80]))],
    ['mask', new Tensor('BOOL', [2, 2], new Uint8Array([1, 0, 0, 1]))],
    ['scalar', new Tensor('I64', [], new BigInt64Array([7n]))],
    ['empty', new Tensor('F16', [0, 5], new Uint16Array(0))],
  ]),
  { format: 'pt', note: 'fuzz \\" me' },
);

/** Bytes that mean something in a header, so that mutations get past the first check. */
const TOKENS = [...'{}[]",:\\0123456789-.eEFIUB_ \0\xff'].map((c) => c.charCodeAt(0));

it(`refuses with a BitcliffError or reads correctly under ${MUTATIONS} mutations`, async () => {
  const rng = createRng(20261122);
  let opened = 0;
  for (let n = 0; n < MUTATIONS; n++) {
    let bytes = good.slice();
    for (let edits = 1 + rng.int(3); edits > 0; edits--) {
      const at = rng.int(rng.int(2) === 0 ? bytes.length : Math.min(bytes.length, 16));
      const kind = rng.int(6);
      if (kind === 0) bytes[at]! ^= 1 << rng.int(8);
      else if (kind === 1) bytes[at] = rng.int(256);
      else if (kind === 2) bytes[rng.int(bytes.length)] = rng.pick(TOKENS);
      else if (kind === 3) bytes = bytes.slice(0, Math.max(1, rng.int(bytes.length)));
      else if (kind === 4) bytes.copyWithin(at, rng.int(bytes.length), rng.int(bytes.length));
      else bytes = new Uint8Array([...bytes.subarray(0, at), rng.pick(TOKENS), ...bytes.subarray(at)]);
    }
    try {
      const tensors = await openSafetensors(memorySource(bytes, 'fuzz.safetensors'));
      opened++;
      let total = 0;
      for (const name of tensors.names()) {
        const { shape, byteLength } = tensors.info(name);
        const tensor = await tensors.read(name);
        expect(tensor.data.byteLength).toBe(byteLength);
        expect(elementCount(shape) * bytesPerElement(tensor.dtype)).toBe(byteLength);
        total += byteLength;
      }
      const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
      expect(8 + headerLength + total).toBe(bytes.length);
    } catch (error) {
      if (!BitcliffError.isInstance(error)) throw error;
      expect(error.message).toContain('fuzz.safetensors');
    }
  }
  // both outcomes must be common, else the mutations test nothing
  expect(opened).toBeGreaterThan(MUTATIONS / 50);
  expect(opened).toBeLessThan(MUTATIONS * 0.9);
});
