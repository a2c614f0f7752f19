import { jit, nn, numpy as np, tree } from '@jax-js/jax';
import { decoderLogits, type PassOptions } from './decoder.ts';
import type { Params } from './decoder-inputs.ts';
import type { ModelConfig } from './model-config.ts';
import { toBatch, type Windows } from './windows.ts';

/** Mean cross-entropy of windows. */
export interface MeanLoss {
  /** Nats per target, without dropout. @param params consumed */
  measure(params: Params): Promise<number>;
  dispose(): void;
}

/**
 * @param windows at least one with a target
 * @param batchSize windows at a time; the last batch is filled up with windows that do not count
 */
export function createMeanLoss(
  model: ModelConfig,
  pass: Omit<PassOptions, 'dropout'>,
  windows: Windows,
  batchSize: number,
): MeanLoss {
  const sumOfLosses = jit(
    (
      params: Params,
      tokens: np.Array,
      documents: np.Array,
      positions: np.Array,
      targets: np.Array,
      weights: np.Array,
    ) => {
      const logits = decoderLogits(params, { tokens, documents, positions }, model, pass);
      const oneHot = nn.oneHot(targets, model.vocabularySize);
      const picked = np.sum(nn.logSoftmax(logits, -1).mul(oneHot), -1);
      return np.sum(picked.mul(weights)).neg();
    },
  );
  return {
    async measure(params) {
      let [sum, count] = [0, 0];
      for (let begin = 0; begin < windows.count; begin += batchSize) {
        const ids = Array.from({ length: batchSize }, (_, i) => Math.min(begin + i, windows.count - 1));
        const { tokens, documents, positions, targets, weights } = toBatch(windows, ids);
        const used = Float32Array.from({ length: batchSize }, (_, i) => (begin + i < windows.count ? 1 : 0));
        const counted = weights.mul(np.array(used).reshape([batchSize, 1]));
        count += ((await np.sum(counted.ref).data()) as Float32Array)[0]!;
        const losses = sumOfLosses(tree.ref(params), tokens, documents, positions, targets, counted);
        sum += ((await losses.data()) as Float32Array)[0]!;
      }
      tree.dispose(params);
      return sum / count;
    },
    dispose: () => sumOfLosses.dispose(),
  };
}
