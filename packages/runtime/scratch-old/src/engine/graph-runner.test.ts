import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { WeightedGraph } from '../graph/weighted-graph.ts';
import { createGraphRunners } from './graph-runner.ts';
import type { Ort, OrtTensor } from './ort.ts';

/** onnxruntime-web: tensors given for outputs come back as they were. */
const copying = {
  Tensor: ort.Tensor,
  InferenceSession: {
    async create(model: Uint8Array, options?: object) {
      const session = await ort.InferenceSession.create(model, options);
      return {
        async run(feeds: Record<string, OrtTensor>, fetches: Record<string, OrtTensor | null>) {
          const out = await session.run(feeds as ort.InferenceSession.FeedsType, Object.keys(fetches));
          const given = Object.entries(fetches).filter(([, tensor]) => tensor !== null);
          return { ...out, ...Object.fromEntries(given) };
        },
        release: () => session.release(),
      };
    },
  },
} as Ort;

describe('graph runners', () => {
  it.each([
    ['in place', ort],
    ['by a copy', copying],
  ])('write outputs where they are told, %s', async (_, runtime: Ort) => {
    const graph = new WeightedGraph('test');
    const x = graph.input('x', 'F32', ['S']);
    graph.node('Neg', [x], { outputs: ['minus'] });
    graph.node('Abs', [x], { outputs: ['abs'] });
    graph.output('minus', 'F32', ['S']);
    graph.output('abs', 'F32', ['S']);
    const runners = createGraphRunners(runtime, { threads: 1 });
    const runner = await runners.create(graph.finish());
    for (const values of [
      [1, -2, 3],
      [-4, 5, 6],
    ]) {
      const target = new Float32Array(3);
      const written = { minus: new ort.Tensor('float32', target, [3]) };
      const out = await runner.run({ x: new ort.Tensor('float32', Float32Array.from(values), [3]) }, written);
      expect([...target]).toEqual(values.map((v) => -v));
      expect([...(out.minus!.data as Float32Array)]).toEqual([...target]);
      expect([...(out.abs!.data as Float32Array)]).toEqual(values.map(Math.abs));
    }
    await runners.dispose();
  });
});
