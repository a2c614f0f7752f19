import { resolveRecipes } from '@bitcliff/quantize';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { tinyCheckpoint } from '../../test/helpers/tiny-checkpoint.ts';
import { createEngine } from './engine.ts';
import { toUnsigned } from './int8-codes.ts';
import { neededMemory } from './memory-plan.ts';
import type { Ort, OrtTensor } from './ort.ts';

/**
 * ONNX Runtime with the u8 × s8 product of a processor without VNNI, as far as the probe sees it, and the dtypes of the weights it was fed.
 * Graphs with s8 weights give a little less than they should.
 */
function saturatingOrt(): { ort: Ort; fed: Set<string> } {
  const fed = new Set<string>();
  const InferenceSession = {
    async create(model: Uint8Array, options?: object) {
      const session = await ort.InferenceSession.create(model, options);
      return {
        async run(feeds: Record<string, OrtTensor>, fetches: Record<string, OrtTensor | null>) {
          const types = Object.values(feeds).map((tensor) => (tensor as ort.Tensor).type);
          for (const type of types) fed.add(type);
          const out = await session.run(feeds as ort.InferenceSession.FeedsType, fetches as never);
          const given = Object.values(fetches).filter((tensor) => tensor !== null);
          if (types.includes('int8'))
            for (const { data } of [...Object.values(out), ...given]) (data as Float32Array).forEach(spoil);
          return out;
        },
        release: () => session.release(),
      };
    },
  };
  return { ort: { InferenceSession, Tensor: ort.Tensor } as Ort, fed };
}

const spoil = (v: number, i: number, data: Float32Array): void => {
  data[i] = 0.75 * v;
};

describe('int8 weights', () => {
  it('are shifted to u8', () => {
    expect(toUnsigned(Int8Array.of(-128, -127, 0, 127))).toEqual(Uint8Array.of(0, 1, 128, 255));
  });

  it.each([
    ['as constants', undefined, ['int8']],
    ['as feeds', 0, ['int8', 'uint8']],
  ])('go as u8 where the u8 × s8 product is wrong, %s, and nothing changes', async (_, spare, types) => {
    const recipes = resolveRecipes(['w8a8', 'llm-int8']);
    const checkpoint = await tinyCheckpoint();
    const { total } = neededMemory(checkpoint, { variants: 3, rowLength: 128 });
    const options = { recipes, threads: 1, ...(spare === undefined ? {} : { memoryBudget: total + spare }) };
    const request = { context: [1, 2, 3], continuation: [4, 5, 6] };
    const { ort: other, fed } = saturatingOrt();
    const engine = await createEngine(checkpoint, { ort, ...options });
    const guarded = await createEngine(checkpoint, { ort: other, ...options });
    expect(await guarded.score([request])).toEqual(await engine.score([request]));
    // the probe is fed s8 in either case
    expect([...fed].filter((type) => type.endsWith('int8'))).toEqual(types);
    await engine.dispose();
    await guarded.dispose();
  });
});
