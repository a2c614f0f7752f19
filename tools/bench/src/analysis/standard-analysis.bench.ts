import { analyzeActivations, analyzeWeights } from '@bitcliff/analysis';
import { createRng } from '@bitcliff/core';
import { createEngine } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import * as ort from 'onnxruntime-node';
import type { Benchmark } from '../benchmark.ts';
import { interleave } from '../interleave.ts';
import { PYTHIA_160M, writeRandomNeox } from '../runtime/random-neox.ts';

const SEQUENCES = 32;
const LENGTH = 512;

/** Weights, gains, spectral norms, activations and outlier dimensions, against the scores of the same tokens. */
export const standardAnalysis: Benchmark = {
  name: 'standard-analysis',
  title: `Pythia 160M with random weights, ${SEQUENCES} × ${LENGTH} tokens`,
  baseline: 'score of the same tokens',
  targets: { 'analyzeWeights and analyzeActivations': 0.5 },
  async run(folder, options) {
    await writeRandomNeox(folder, PYTHIA_160M);
    const checkpoint = await openCheckpoint(folder);
    const rng = createRng(1);
    const sequences = Array.from({ length: SEQUENCES }, () =>
      Array.from({ length: LENGTH }, () => rng.int(PYTHIA_160M.vocabulary)),
    );
    const requests = sequences.map((ids) => ({ context: ids.slice(0, 1), continuation: ids.slice(1) }));
    // both open an engine: reading the blocks is part of either
    const contenders = {
      score: async () => {
        const engine = await createEngine(checkpoint, { ort });
        const [baseline] = await engine.score(requests);
        await engine.dispose();
        return baseline!.scores.reduce((sum, { logProb }) => sum + logProb, 0);
      },
      'analyzeWeights and analyzeActivations': async () => {
        const { weights } = await analyzeWeights(checkpoint);
        const { activations } = await analyzeActivations(checkpoint, sequences, { ort });
        return weights[0]!.spectral.norm + activations[0]!.int8Rmse;
      },
    };
    const result = await interleave(contenders, 'score', {
      ...options,
      rounds: options.rounds ?? 3,
      warmups: 0,
    });
    await checkpoint.close();
    return result;
  },
};
