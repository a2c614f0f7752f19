import { BitcliffError, createRng } from '@bitcliff/core';
import { expect, it } from 'vitest';
import { memorySource } from '../memory-source.ts';
import { encodeGguf } from './encode-gguf.ts';
import type { GgufValue } from './gguf-value.ts';
import { openGguf } from './open-gguf.ts';
import { quantizeBlocks } from './quantize-blocks.ts';

const MUTATIONS = 25_000;

const ramp = (count: number) => new Float32Array(count).map((_, i) => Math.cos(i));

const good = encodeGguf({
  fields: new Map<string, GgufValue>([
    ['general.architecture', { type: 'string', value: 'llama' }],
    ['general.alignment', { type: 'u32', value: 32 }],
    ['llama.block_count', { type: 'u64', value: 2n }],
    ['tokens', { type: 'array', of: 'string', value: ['<s>', '▁a', ''] }],
    ['scores', { type: 'array', of: 'f32', value: new Float32Array([0, -1, -2]) }],
    ['flags', { type: 'array', of: 'bool', value: [true, false] }],
    ['deep', { type: 'array', of: 'array', value: [{ type: 'array', of: 'u8', value: new Uint8Array(2) }] }],
    ['add_bos', { type: 'bool', value: true }],
  ]),
  tensors: [
    { name: 'a', shape: [3, 4], type: 'F32', data: quantizeBlocks('F32', ramp(12)) },
    { name: 'b', shape: [2, 32], type: 'Q4_0', data: quantizeBlocks('Q4_0', ramp(64)) },
    { name: 'c', shape: [1, 256], type: 'Q6_K', data: quantizeBlocks('Q6_K', ramp(256)) },
    { name: 'd', shape: [], type: 'I64', data: new Uint8Array(8) },
  ],
});

/** The header ends here; data has few ways to be wrong, so most edits go before it. */
const HEADER = 560;

/** Values that mean something as a count, a length, a type or an offset. */
const WORDS = [0, 1, 2, 3, 8, 9, 12, 13, 31, 32, 39, 64, 255, 256, 0x7fffffff, 0x80000000, 0xffffffff];

it(`refuses with a BitcliffError or reads correctly under ${MUTATIONS} mutations`, async () => {
  const rng = createRng(20261122);
  let opened = 0;
  for (let n = 0; n < MUTATIONS; n++) {
    let bytes = good.slice();
    for (let edits = 1 + rng.int(3); edits > 0; edits--) {
      const at = rng.int(rng.int(8) === 0 ? bytes.length : Math.min(bytes.length, HEADER));
      const kind = rng.int(7);
      if (kind === 0) bytes[at]! ^= 1 << rng.int(8);
      else if (kind === 1) bytes[at] = rng.int(256);
      else if (kind === 2)
        bytes.set(
          [...new Uint8Array(new Uint32Array([rng.pick(WORDS)]).buffer)].slice(0, bytes.length - at),
          at,
        );
      else if (kind === 3) bytes = bytes.slice(0, Math.max(1, rng.int(bytes.length)));
      else if (kind === 4) bytes.copyWithin(at, rng.int(bytes.length), rng.int(bytes.length));
      else if (kind === 5)
        bytes = new Uint8Array([...bytes.subarray(0, at), rng.int(256), ...bytes.subarray(at)]);
      else bytes = new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + 1 + rng.int(8))]);
      if (bytes.length === 0) bytes = new Uint8Array(1);
    }
    try {
      const file = await openGguf(memorySource(bytes, 'fuzz.gguf'));
      opened++;
      const places: [number, number][] = [];
      for (const name of file.names()) {
        const { dtype, shape, byteLength } = file.info(name);
        const stored = await file.readBytes(name);
        expect(stored.length).toBe(byteLength);
        if (byteLength > 0) places.push([stored.byteOffset, byteLength]);
        const count = shape.reduce((product, size) => product * size, 1);
        if (dtype.startsWith('I')) expect((await file.read(name)).data.length).toBe(count);
        else expect((await file.readFloat32(name)).length).toBe(count);
      }
      places.sort(([a], [b]) => a - b);
      for (let i = 1; i < places.length; i++) {
        expect(places[i]![0]).toBeGreaterThanOrEqual(places[i - 1]![0] + places[i - 1]![1]);
        expect(places[i]![0] % file.alignment).toBe(0);
      }
    } catch (error) {
      if (!BitcliffError.isInstance(error)) throw error;
      expect(error.message).toContain('fuzz.gguf');
    }
  }
  // both outcomes must be common, else the mutations test nothing
  expect(opened).toBeGreaterThan(MUTATIONS / 50);
  expect(opened).toBeLessThan(MUTATIONS * 0.9);
});
