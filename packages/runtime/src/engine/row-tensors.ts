/** @file Rows of packed tokens as the tensors that blocks take, and as waves that fit into memory. */
import { attentionMask } from '../attention-mask.ts';
import type { PackedRow } from '../packing.ts';
import { lookUpPositions, type RotaryTables } from '../rotary.ts';
import type { Ort, OrtTensor } from './ort.ts';

/** Rows of the embedding. @returns f32[S × H] per row */
export function embed(embedding: Float32Array, rows: readonly PackedRow[], H: number): Float32Array[] {
  return rows.map(({ tokens }) => {
    const out = new Float32Array(tokens.length * H);
    for (const [i, token] of tokens.entries()) out.set(embedding.subarray(token * H, (token + 1) * H), i * H);
    return out;
  });
}

/** What every block needs to know about a row, whatever its variant: see block-graph.ts. */
export function rowFeeds(
  ort: Ort,
  row: PackedRow,
  tables: RotaryTables,
  half: number,
): Record<string, OrtTensor> {
  const S = row.tokens.length;
  const { cos, sin } = lookUpPositions(tables, row.positions, half);
  return {
    mask: new ort.Tensor('float32', attentionMask(row), [1, 1, S, S]),
    index: new ort.Tensor(
      'int64',
      BigInt64Array.from({ length: S }, (_, i) => BigInt(i)),
      [1, S],
    ),
    cos: new ort.Tensor('float32', cos, [S, half]),
    sin: new ort.Tensor('float32', sin, [S, half]),
  };
}

/** Runs of rows of at most `tokens` tokens; at least one row each. */
export function splitIntoWaves(rows: readonly PackedRow[], tokens: number): PackedRow[][] {
  const waves: PackedRow[][] = [];
  let used = 0;
  for (const row of rows) {
    const current = waves.at(-1);
    if (current === undefined || used + row.tokens.length > tokens) {
      waves.push([row]);
      used = row.tokens.length;
    } else {
      current.push(row);
      used += row.tokens.length;
    }
  }
  return waves;
}
