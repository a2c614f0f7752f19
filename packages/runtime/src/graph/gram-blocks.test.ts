import { createRng } from '@bitcliff/core';
import * as ort from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { createGraphRunners } from '../engine/graph-runner.ts';
import { addGramBlocks, mirrorGram, sumGramBlocks } from './gram-blocks.ts';
import { WeightedGraph } from './weighted-graph.ts';

it.each([3, 512, 1100])('Xᵀ X of %i features over two sequences', async (N) => {
  const graph = new WeightedGraph('gram');
  addGramBlocks(graph, 'p', graph.input('x', 'F32', ['S', N]), N);
  const runners = createGraphRunners(ort, { threads: 1 });
  const runner = await runners.create(graph.finish());
  const rng = createRng(N);
  const sum = new Float64Array(N * N);
  const expected = new Float64Array(N * N);
  for (const S of [2, 5]) {
    const x = Float32Array.from({ length: S * N }, () => rng.normal());
    const outputs = await runner.run({ x: new ort.Tensor('float32', x, [S, N]) });
    sumGramBlocks(sum, 'p', N, (name) => outputs[name]!.data as Float32Array);
    for (let s = 0; s < S; s++)
      for (let i = 0; i < N; i++)
        for (let j = 0; j < N; j++) expected[i * N + j]! += x[s * N + i]! * x[s * N + j]!;
  }
  mirrorGram(sum, N);
  let worst = 0;
  for (let i = 0; i < N * N; i++) worst = Math.max(worst, Math.abs(sum[i]! - expected[i]!));
  expect(worst, `max |difference| ${worst}`).toBeLessThan(1e-4);
  await runners.dispose();
});
