/** @file Rows of packed tokens as the tensors that graphs take, and as waves that fit into memory. */
import { attentionMask } from '../attention-mask.ts';
import type { DecoderSpec } from '../decoder-spec.ts';
import type { PackedRow } from '../packing.ts';
import { lookUpPositions, type RotaryTables } from '../rotary.ts';
import type { LoadedEmbedding } from './load-parts.ts';
import type { Ort, OrtTensor } from './ort.ts';

/** The input of the first block. @returns f32[S × hidden] per row */
export async function embedRows(
  ort: Ort,
  spec: DecoderSpec,
  { weights, session }: LoadedEmbedding,
  rows: readonly PackedRow[],
): Promise<Float32Array[]> {
  const { hiddenSize: H, embedding, positions: kind } = spec;
  const out: Float32Array[] = [];
  for (const { tokens, positions } of rows) {
    const S = tokens.length;
    const states = takeRows(weights.table, embedding.width, tokens);
    if (embedding.scale !== 1) for (let i = 0; i < states.length; i++) states[i]! *= embedding.scale;
    if (session === null) {
      out.push(states);
      continue;
    }
    const feeds: Record<string, OrtTensor> = {
      tokens: new ort.Tensor('float32', states, [S, embedding.width]),
    };
    if (weights.positions !== null) {
      const offset = kind.kind === 'learned' ? kind.offset : 0;
      const learned = takeRows(
        weights.positions,
        H,
        positions.map((p) => p + offset),
      );
      feeds.positions = new ort.Tensor('float32', learned, [S, H]);
    }
    out.push((await session.run(feeds)).out!.data as Float32Array);
  }
  return out;
}

/** Rows of a table. @param table f32[rows × width]  @returns f32[indices × width] */
function takeRows(table: Float32Array, width: number, indices: Int32Array): Float32Array {
  const out = new Float32Array(indices.length * width);
  for (const [i, row] of indices.entries())
    out.set(table.subarray(row * width, (row + 1) * width), i * width);
  return out;
}

/** What blocks need to know about a row, whatever the variant: see block-graph.ts. @param window of the layer */
export function rowFeeds(
  ort: Ort,
  spec: DecoderSpec,
  row: PackedRow,
  window: number | null,
  tables: RotaryTables | null,
): Record<string, OrtTensor> {
  const S = row.tokens.length;
  const feeds: Record<string, OrtTensor> = {
    mask: new ort.Tensor('float32', attentionMask(row, window), [1, 1, S, S]),
  };
  const { positions } = spec;
  if (positions.kind === 'rotary' && tables !== null) {
    const half = positions.dims / 2;
    const { cos, sin } = lookUpPositions(tables, row.positions, half);
    const index = BigInt64Array.from({ length: S }, (_, i) => BigInt(i));
    feeds.index = new ort.Tensor('int64', index, [1, S]);
    feeds.cos = new ort.Tensor('float32', cos, [S, half]);
    feeds.sin = new ort.Tensor('float32', sin, [S, half]);
  } else if (positions.kind === 'alibi') {
    const at = Float32Array.from(row.positions);
    feeds.queryPositions = new ort.Tensor('float32', at, [1, 1, S, 1]);
    feeds.keyPositions = new ort.Tensor('float32', at, [1, 1, 1, S]);
  }
  return feeds;
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
