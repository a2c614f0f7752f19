/** @file Rows of packed tokens as the tensors that graphs take, and as waves that run through the model together. */
import { attentionMask } from '../attention-mask.ts';
import type { Checkpoint } from '../checkpoint.ts';
import type { DecoderSpec } from '../decoder-spec.ts';
import type { PackedRow } from '../packing.ts';
import { lookUpPositions, type RotaryTables } from '../rotary.ts';
import { readEmbeddingRows } from '../weights.ts';
import type { LoadedEmbedding } from './load-parts.ts';
import type { Ort, OrtTensor } from './ort.ts';

/** Bytes of the embedding table that are read at once. */
const TABLE_CHUNK = 8 * 2 ** 20;

/** Rows whose embeddings are looked up together where the table is too large to stay. */
const EMBEDDED_ROWS = 8;

/** The embedding rows of the token ids in `rows`; the table is read once, in parts, and never held whole. */
export async function readEmbeddings(
  checkpoint: Checkpoint,
  rows: readonly Pick<PackedRow, 'tokens'>[],
): Promise<(token: number) => Float32Array> {
  const { width } = checkpoint.spec.embedding;
  const tokens = new Set<number>();
  for (const row of rows) for (const token of row.tokens) tokens.add(token);
  const sorted = Int32Array.from(tokens).sort();
  const table = new Float32Array(sorted.length * width);
  const place = new Map<number, number>();
  const perChunk = Math.max(1, Math.floor(TABLE_CHUNK / (4 * width)));
  for (let i = 0; i < sorted.length; ) {
    const start = sorted[i]!;
    let last = i;
    while (last + 1 < sorted.length && sorted[last + 1]! < start + perChunk) last++;
    const chunk = await readEmbeddingRows(checkpoint, start, sorted[last]! + 1);
    for (; i <= last; i++) {
      const from = (sorted[i]! - start) * width;
      table.set(chunk.subarray(from, from + width), i * width);
      place.set(sorted[i]!, i * width);
    }
  }
  return (token) => table.subarray(place.get(token)!, place.get(token)! + width);
}

/** The input of the first block. @param lookUp see {@link readEmbeddings}  @returns f32[S × hidden] */
export async function embedRow(
  ort: Ort,
  spec: DecoderSpec,
  { positions: table, runner }: LoadedEmbedding,
  lookUp: (token: number) => Float32Array,
  { tokens, positions }: Pick<PackedRow, 'tokens' | 'positions'>,
): Promise<Float32Array> {
  const { hiddenSize: H, embedding, positions: kind } = spec;
  const S = tokens.length;
  const states = new Float32Array(S * embedding.width);
  for (const [i, token] of tokens.entries()) states.set(lookUp(token), i * embedding.width);
  if (embedding.scale !== 1) for (let i = 0; i < states.length; i++) states[i]! *= embedding.scale;
  if (runner === null) return states;
  const feeds: Record<string, OrtTensor> = {
    tokens: new ort.Tensor('float32', states, [S, embedding.width]),
  };
  if (table !== null) {
    const offset = kind.kind === 'learned' ? kind.offset : 0;
    const learned = new Float32Array(S * H);
    for (const [i, position] of positions.entries()) {
      const from = (position + offset) * H;
      learned.set(table.subarray(from, from + H), i * H);
    }
    feeds.positions = new ort.Tensor('float32', learned, [S, H]);
  }
  return (await runner.run(feeds)).out!.data as Float32Array;
}

/**
 * The inputs of the first block for many rows.
 * @param input.table the whole embedding table, f32[vocabulary × width]; `null`: it is read again for every few rows
 * @param take gets f32[S × hidden] of each row, in order
 */
export async function embedRows(
  ort: Ort,
  checkpoint: Checkpoint,
  embedding: LoadedEmbedding,
  { rows, table }: { readonly rows: readonly PackedRow[]; readonly table: Float32Array | null },
  take: (row: number, states: Float32Array) => Promise<void>,
): Promise<void> {
  const { width } = checkpoint.spec.embedding;
  for (let from = 0; from < rows.length; from += EMBEDDED_ROWS) {
    const some = rows.slice(from, from + EMBEDDED_ROWS);
    const lookUp =
      table === null
        ? await readEmbeddings(checkpoint, some)
        : (token: number) => table.subarray(token * width, (token + 1) * width);
    for (const [i, row] of some.entries())
      await take(from + i, await embedRow(ort, checkpoint.spec, embedding, lookUp, row));
  }
}

/** What blocks need to know about a row, whatever the variant: see block-graph.ts. @param window of the layer */
export function rowFeeds(
  ort: Ort,
  spec: DecoderSpec,
  row: PackedRow,
  window: number | null,
  tables: RotaryTables | null,
): Record<string, OrtTensor> {
  const { count: T, length: L, places } = row.segments;
  const gather = new BigInt64Array(T * L); // an empty place takes token 0: nobody sees it
  for (const [i, place] of places.entries()) gather[place] = BigInt(i);
  const feeds: Record<string, OrtTensor> = {
    mask: new ort.Tensor('float32', attentionMask(row, window), [T, 1, L, L]),
    gather: new ort.Tensor('int64', gather, [T, L]),
    places: new ort.Tensor('int64', BigInt64Array.from(places, BigInt), [places.length]),
    ...rotaryFeeds(ort, spec, row.positions, tables),
  };
  if (spec.positions.kind === 'alibi') {
    const at = new Float32Array(T * L);
    for (const [i, place] of places.entries()) at[place] = row.positions[i]!;
    feeds.queryPositions = new ort.Tensor('float32', at, [T, 1, L, 1]);
    feeds.keyPositions = new ort.Tensor('float32', at, [T, 1, 1, L]);
  }
  return feeds;
}

/** Rotary positions of tokens; nothing for models without. */
export function rotaryFeeds(
  ort: Ort,
  { positions }: DecoderSpec,
  at: Int32Array,
  tables: RotaryTables | null,
): Record<string, OrtTensor> {
  if (positions.kind !== 'rotary' || tables === null) return {};
  const S = at.length;
  const half = positions.dims / 2;
  const { cos, sin } = lookUpPositions(tables, at, half);
  return {
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
