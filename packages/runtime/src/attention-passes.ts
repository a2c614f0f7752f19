/**
 * @file What attention multiplies for a row (packing.ts). Its cost grows with queries times keys, so the row is taken apart into entries: some tokens of
 * a sequence as queries, and as keys all tokens of that sequence up to them, wherever they stand in the row. A key's place in an entry is its
 * position. Products and softmax sum over the places in an order that depends on the place alone, so a sequence gives the same bits alone, behind
 * others, and as a branch of a tree. Entries of like sizes run together in a pass, filled up to the largest; which ones does not change a bit. Every row
 * has the same number of passes: one graph runs all.
 */

/** Floats in the widest vector of the processors we know (AVX-512); the narrower widths divide it. */
const LANES = 16;
/** Keys of an entry at least: ONNX Runtime sums the features of heads wider than 128 in longer slices where there are 64 or fewer. */
const MIN_KEYS = 80;
/** The longest trunk is cut into as many pieces, and the first of four sees a quarter of the keys. */
const TRUNK_PIECES = 4;
/** Shorter pieces would cost more for their operators than they save. */
const MIN_PIECE = 128;
/** Passes of a row: the pieces of a long trunk, and branches. */
export const PASSES: number = TRUNK_PIECES + 1;
/** What a pass with entries costs beside its queries × keys, in the same unit. With 1024, HellaSwag's rows have 6 % fewer places, and take as long. */
const PASS_COST = 4096;

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
  const passes = passesOf(runs).map(layOutPass);
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

/** Keys of all branches of a row, empty places included, at most: what attention copies for them. No trunk shares a pass with them. */
export function branchKeys(runs: readonly TokenRun[]): number {
  const { branches } = entriesOf(runs);
  return branches.length * sizesOf(branches).keys;
}

/** Trunks in the first passes, branches in the last, so that all passes together cost the least. */
function passesOf(runs: readonly TokenRun[]): Entry[][] {
  const entries = entriesOf(runs);
  const [trunks, branches] = [leastCosts(entries.trunks), leastCosts(entries.branches)];
  let least: Grouping = { cost: Number.POSITIVE_INFINITY, groups: [] };
  for (let n = 0; n <= PASSES; n++) {
    const [first, last] = [trunks[n]!, branches[PASSES - n]!];
    if (first.cost + last.cost >= least.cost) continue;
    const empty = new Array<Entry[]>(PASSES - first.groups.length - last.groups.length).fill([]);
    least = { cost: first.cost + last.cost, groups: [...first.groups, ...empty, ...last.groups] };
  }
  return least.groups;
}

/** Entries that share passes. */
interface Grouping {
  readonly cost: number;
  readonly groups: Entry[][];
}

/**
 * The best ways to share at most 0, 1, … {@link PASSES} passes among neighbours in the order of their keys. Pieces of trunks that start at one place
 * are neighbours: no row costs more than with a pass for each of these.
 */
function leastCosts(entries: readonly Entry[]): Grouping[] {
  const bySize = Map.groupBy(entries, (entry) => JSON.stringify(sizesOf([entry])));
  const sizes = [...bySize.values()]
    .map((own) => ({ own, ...sizesOf(own) }))
    .sort((a, b) => a.keys - b.keys || a.queries - b.queries);
  /** Of the first 0, 1, 2, … sizes: the least cost, and where its groups start. */
  let best = Array.from({ length: sizes.length + 1 }, (_, end) => ({
    cost: end === 0 ? 0 : Number.POSITIVE_INFINITY,
    starts: [] as number[],
  }));
  const groupings: Grouping[] = [{ cost: best.at(-1)!.cost, groups: [] }];
  while (groupings.length <= PASSES) {
    const fewer = best;
    best = fewer.map((same, end) => {
      let least = same;
      let [count, queries, keys] = [0, 0, 0];
      for (let start = end - 1; start >= 0; start--) {
        count += sizes[start]!.own.length;
        queries = Math.max(queries, sizes[start]!.queries);
        keys = Math.max(keys, sizes[start]!.keys);
        const cost = fewer[start]!.cost + count * queries * keys + PASS_COST;
        if (cost < least.cost) least = { cost, starts: [...fewer[start]!.starts, start] };
      }
      return least;
    });
    const { cost, starts } = best.at(-1)!;
    const groups = starts.map((start, g) => sizes.slice(start, starts[g + 1]).flatMap(({ own }) => own));
    groupings.push({ cost, groups });
  }
  return groupings;
}

function entriesOf(runs: readonly TokenRun[]): { trunks: Entry[]; branches: Entry[] } {
  const trunks = runs.filter(({ start }) => start === 0);
  const branches = runs.filter(({ start }) => start > 0);
  const longest = trunks.reduce((max, { count }) => Math.max(max, count), 0);
  const tokens = branches.reduce((sum, { count }) => sum + count, 0);
  const trunkPiece = roundUp(Math.max(MIN_PIECE, longest / TRUNK_PIECES));
  const branchPiece = roundUp(tokens / Math.max(1, branches.length)); // a longer branch would lengthen the entries of all others
  return {
    trunks: trunks.flatMap((run) => [...cut(run, trunkPiece)]),
    branches: branches.flatMap((run) => [...cut(run, branchPiece)]),
  };
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
