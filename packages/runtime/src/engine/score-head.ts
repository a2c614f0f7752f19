import { InternalError } from '@bitcliff/core';
import type { PackedRow, ScoreRequest } from '../packing.ts';
import type { Ort, OrtSession } from './ort.ts';

/** Rows of the vocabulary projection that run at once: enough to keep two cores busy, 51 MB of logits at 50,000 tokens. */
const HEAD_ROWS = 256;

/** The score of one request. */
export interface RequestScore {
  /** Σ log p(continuation[j] | context, continuation[<j]), natural logarithm, summed in float64. */
  readonly logProb: number;
  /** Every token of the continuation is the most probable one (ties go to the lowest id). */
  readonly isGreedy: boolean;
}

/**
 * Score the requests of packed rows from the hidden states behind the last block.
 * @param hidden f32[S × hidden] per row
 */
export async function scoreHead(
  ort: Ort,
  head: OrtSession,
  input: {
    readonly requests: readonly ScoreRequest[];
    readonly rows: readonly PackedRow[];
    readonly hidden: readonly Float32Array[];
    readonly hiddenSize: number;
  },
  scores: { logProb: number; isGreedy: boolean }[],
): Promise<void> {
  const { rows, hidden, hiddenSize: H } = input;
  let pending: { vector: Float32Array; targets: { request: number; target: number }[] }[] = [];

  const flush = async (): Promise<void> => {
    if (pending.length === 0) return;
    const U = pending.length;
    const states = new Float32Array(U * H); // [U, H]
    const pairs: bigint[] = []; // [P, 2]
    for (const [u, { vector, targets }] of pending.entries()) {
      states.set(vector, u * H);
      for (const { target } of targets) pairs.push(BigInt(u), BigInt(target));
    }
    const out = await head.run({
      hidden: new ort.Tensor('float32', states, [U, H]),
      targets: new ort.Tensor('int64', BigInt64Array.from(pairs), [pairs.length / 2, 2]),
    });
    const logProbs = out.logProbs!.data as Float32Array;
    const argmax = out.argmax!.data as BigInt64Array;
    let p = 0;
    for (const [u, { targets }] of pending.entries()) {
      for (const { request, target } of targets) {
        const score = scores[request]!;
        score.logProb += logProbs[p++]!;
        if (Number(argmax[u]!) !== target) score.isGreedy = false;
      }
    }
    pending = [];
  };

  for (const [r, row] of rows.entries()) {
    const byIndex = new Map<number, { request: number; target: number }[]>();
    for (const { request, index, target } of row.scored) {
      const targets = byIndex.get(index);
      if (targets === undefined) byIndex.set(index, [{ request, target }]);
      else targets.push({ request, target });
    }
    const states = hidden[r];
    if (states === undefined) throw new InternalError(`no hidden states for row ${r}`);
    for (const [index, targets] of byIndex) {
      pending.push({ vector: states.subarray(index * H, (index + 1) * H), targets });
      if (pending.length === HEAD_ROWS) await flush();
    }
  }
  await flush();
}
