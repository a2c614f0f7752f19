import { type Checkpoint, createEngine } from '@bitcliff/runtime';
import { type AnalysisOptions, type CheckpointLabel, labelOf, partOf } from './analysis-options.ts';
import { lossRequests } from './measure-loss.ts';

/** What a model loses without one of its blocks. */
export interface BlockImportanceRecord extends CheckpointLabel {
  /** 0-based. */
  readonly layer: number;
  /** Mean negative log-likelihood of a token without the block, nats. */
  readonly nll: number;
  /** Above the whole model's. */
  readonly deltaNll: number;
}

/**
 * Leave out each block in turn: hidden states pass it as they are.
 * @param sequences token ids, at least two each
 * @returns by layer
 */
export async function blockImportance(
  checkpoint: Checkpoint,
  sequences: readonly ArrayLike<number>[],
  options: AnalysisOptions,
): Promise<BlockImportanceRecord[]> {
  const requests = lossRequests(sequences);
  const tokens = requests.reduce((sum, { continuation }) => sum + continuation.length, 0);
  const { layers } = checkpoint.spec;
  const engine = await createEngine(checkpoint, { ...options, recipes: [] });
  try {
    const lossWithout = async (skipLayers: readonly number[], part: number): Promise<number> => {
      const [variant] = await engine.score(requests, { ...partOf(options, part, layers + 1), skipLayers });
      return -variant!.scores.reduce((sum, { logProb }) => sum + logProb, 0) / tokens;
    };
    const whole = await lossWithout([], 0);
    const records: BlockImportanceRecord[] = [];
    for (let layer = 0; layer < layers; layer++) {
      const nll = await lossWithout([layer], layer + 1);
      records.push({ ...labelOf(checkpoint), layer, nll, deltaNll: nll - whole });
    }
    return records;
  } finally {
    await engine.dispose();
  }
}
