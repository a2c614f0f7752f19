/**
 * @file What attention multiplies for a row (packing.ts). Its cost grows with queries times keys, so the row is taken apart into entries: some tokens of
 * a sequence as queries, and as keys all tokens of that sequence up to them, wherever they stand in the row. A key's place in an entry is its
 * position. Products and softmax sum over the places in an order that depends on the place alone, so a sequence gives the same bits alone, behind
 * others, and as a branch of a tree. Entries of like sizes run together in a pass, and every row has the same number of passes: one graph runs all.
 */

/** Floats in the widest vector of the processors we know (AVX-512); the narrower widths divide it. */
const LANES = 16;
/** Keys of an entry at least: ONNX Runtime sums the features of heads wider than 128 in longer slices where there are 64 or fewer. */
const MIN_KEYS = 80;
/** Passes for trunks: they are cut into as many pieces, and the first of four sees a quarter of the keys. */
const TRUNK_PASSES = 4;
/** Shorter pieces would cost more for their operators than they save. */
const MIN_PIECE = 128;
/** Passes of a row; one for branches. */
export const PASSES: number = TRUNK_PASSES + 1;

/** Neighbours in a row that are neighbours in a sequence: a trunk, or a branch that continues one. */
export interface TokenRun {
  /** Position of the first token; 0 for a trunk. */
  readonly start: number;
  /** Index in the row of the first token. */
  readonly first: number;
  readonly count: number;
  /** Index in the row of the token at position 0. */
  readonly trunk: number;
}

/** `count` entries of `queries` × `keys` places each; −1 stands at places without a token. */
export interface AttentionPass {
  readonly count: number;
  readonly queries: number;
  readonly keys: number;
  /** Index in the row of each query, i32[count × queries]. */
  readonly query: Int32Array;
  /** Index in the row of each key, i32[count × keys]. */
  readonly key: Int32Array;
}

/** The attention of a row. */
export interface RowAttention {
  readonly passes: readonly AttentionPass[];
  /** Place of each token among the queries of all passes one behind the other, i32[S]. */
  readonly places: Int32Array;
}

/** Tokens `from` to `to` − 1 of a run. */
interface Entry {
  readonly run: TokenRun;
  readonly from: number;
  readonly to: number;
}

/** Lay out the attention of a row of S tokens, all of them in one of the runs. */
export function layOutAttention(runs: readonly TokenRun[], S: number): RowAttention {
  const passes = entriesOf(runs).map(layOutPass);
  const places = new Int32Array(S);
  let at = 0;
  for (const { query } of passes) {
    for (const token of query) {
      if (token !== -1) places[token] = at;
      at++;
    }
  }
  return { passes, places };
}

/** Keys of all branches of a row, empty places included: what attention copies for them. */
export function branchKeys(runs: readonly TokenRun[]): number {
  const branches = entriesOf(runs).at(-1)!;
  return branches.length * sizesOf(branches).keys;
}

/** By pass. */
function entriesOf(runs: readonly TokenRun[]): Entry[][] {
  const trunks = runs.filter(({ start }) => start === 0);
  const branches = runs.filter(({ start }) => start > 0);
  const longest = trunks.reduce((max, { count }) => Math.max(max, count), 0);
  const tokens = branches.reduce((sum, { count }) => sum + count, 0);
  const passes = Array.from({ length: PASSES }, (): Entry[] => []);
  const trunkPiece = roundUp(Math.max(MIN_PIECE, longest / TRUNK_PASSES));
  for (const run of trunks) {
    for (const entry of cut(run, trunkPiece)) passes[entry.from / trunkPiece]!.push(entry);
  }
  const branchPiece = roundUp(tokens / Math.max(1, branches.length)); // a longer branch would lengthen the entries of all others
  for (const run of branches) passes[TRUNK_PASSES]!.push(...cut(run, branchPiece));
  return passes;
}

function* cut(run: TokenRun, piece: number): Generator<Entry> {
  for (let from = 0; from < run.count; from += piece)
    yield { run, from, to: Math.min(run.count, from + piece) };
}

function sizesOf(entries: readonly Entry[]): { queries: number; keys: number } {
  if (entries.length === 0) return { queries: LANES, keys: LANES };
  let [queries, keys] = [1, MIN_KEYS];
  for (const { run, from, to } of entries) {
    queries = Math.max(queries, to - from);
    keys = Math.max(keys, run.start + to);
  }
  return { queries: roundUp(queries), keys: roundUp(keys) };
}

/** A pass without entries gets an empty one: operators want something to work on. */
function layOutPass(entries: readonly Entry[]): AttentionPass {
  const count = Math.max(1, entries.length);
  const { queries, keys } = sizesOf(entries);
  const query = new Int32Array(count * queries).fill(-1);
  const key = new Int32Array(count * keys).fill(-1);
  for (const [e, { run, from, to }] of entries.entries()) {
    for (let i = from; i < to; i++) query[e * queries + i - from] = run.first + i;
    for (let position = 0; position < run.start + to; position++) {
      const isOwn = position >= run.start;
      key[e * keys + position] = isOwn ? run.first + position - run.start : run.trunk + position;
    }
  }
  return { count, queries, keys, query, key };
}

function roundUp(size: number): number {
  return Math.ceil(size / LANES) * LANES;
}
