/**
 * @file Requests into rows without padding (design.md §4). Neighbouring requests that share their context become one tree: the
 * tokens they have in common stand once, each continuation is a branch that sees the trunk and itself. Positions restart for
 * every tree and continue from the trunk in every branch, so a token has the position it would have alone.
 *
 * Everything but attention works on the tokens of a row as they are. Attention works on segments: the row's trees laid out again in as many
 * pieces of the length of the longest tree as they need, because its cost grows with the square of the length. There a token's place equals its
 * position modulo {@link LANES}, at the price of a few empty places. Vector units sum the softmax lane by lane, so a sequence gives the
 * same bits alone, behind others, and as a branch; without it, the sums differ in the last place and W8A8 turns some of these
 * differences into other codes.
 */
import { ShapeError } from '@bitcliff/core';

/** Floats in the widest vector of the processors we know (AVX-512); the narrower widths divide it. */
export const LANES: number = 16;

/** Tokens in a row at least: a product with one row takes another path through ONNX Runtime, with other last bits. */
const MIN_ROW = 2;

/** A continuation to be scored after a context, as token ids. The model reads `context ++ continuation[:-1]`. */
export interface ScoreRequest {
  readonly context: readonly number[];
  readonly continuation: readonly number[];
}

/** One score to be taken from a row: the log-probability of `target` after the token at `index`. */
export interface ScoredPosition {
  readonly request: number;
  /** Index in the row. */
  readonly index: number;
  /** Token id. */
  readonly target: number;
  /** Place of the target in the request's continuation. */
  readonly place: number;
}

/** Where the tokens of a row stand for attention: `count` segments of `length` places each, some of them empty. */
export interface Segments {
  readonly count: number;
  /** A multiple of {@link LANES}. */
  readonly length: number;
  /** Place of each token, segment · length + column. */
  readonly places: Int32Array;
  /** By token, columns of its segment: it sees the trunk of its tree, [treeStart, trunkEnd), and its own branch from branchStart, up to itself. */
  readonly treeStart: Int32Array;
  readonly trunkEnd: Int32Array;
  readonly branchStart: Int32Array;
}

/** Several trees of tokens that run through the model together. */
export interface PackedRow {
  /** i32[S]. */
  readonly tokens: Int32Array;
  /** Position inside the own sequence, from 0; i32[S]. */
  readonly positions: Int32Array;
  readonly segments: Segments;
  readonly scored: readonly ScoredPosition[];
}

interface Tree {
  readonly trunk: readonly number[];
  readonly branches: readonly { readonly request: number; readonly tokens: readonly number[] }[];
  readonly tokens: number;
  /** Columns of a segment, empty ones between branches included. */
  readonly columns: number;
}

/**
 * Pack requests into rows.
 * @param options.rowLength tokens a row may hold; a longer request gets a row of its own. @default 512
 * @param options.sharePrefixes put tokens that neighbours share into the row once. @default true
 * @throws {ShapeError} for a request with an empty context or continuation
 */
export function packRequests(
  requests: readonly ScoreRequest[],
  options: { rowLength?: number; sharePrefixes?: boolean } = {},
): PackedRow[] {
  const { rowLength = 512, sharePrefixes = true } = options;
  const rows: PackedRow[] = [];
  let open: Tree[] = [];
  let used = 0;
  for (const tree of buildTrees(requests, rowLength, sharePrefixes)) {
    if (used > 0 && used + tree.tokens > rowLength) {
      rows.push(layOut(open, requests));
      open = [];
      used = 0;
    }
    open.push(tree);
    used += tree.tokens;
  }
  if (used > 0) rows.push(layOut(open, requests));
  return rows;
}

/** The first column from `column` on that equals `position` modulo {@link LANES}. */
function align(column: number, position: number): number {
  return column + ((((position - column) % LANES) + LANES) % LANES);
}

/** Neighbours with equal contexts share a tree, as many as fit a row. */
function* buildTrees(requests: readonly ScoreRequest[], rowLength: number, share: boolean): Generator<Tree> {
  let group: number[] = [];
  let tree: Tree | undefined;
  for (const [index, request] of requests.entries()) {
    if (request.context.length === 0 || request.continuation.length === 0) {
      throw new ShapeError({
        op: 'packRequests',
        problem: `request ${index} is empty`,
        expected: 'at least one token of context and one of continuation',
        received: `${request.context.length} and ${request.continuation.length}`,
      });
    }
    const previous = group.length > 0 ? requests[group[0]!] : undefined;
    if (share && previous !== undefined && sameTokens(previous.context, request.context)) {
      const larger = makeTree(requests, [...group, index]);
      if (larger.tokens <= rowLength) {
        group.push(index);
        tree = larger;
        continue;
      }
    }
    if (tree !== undefined) yield tree;
    group = [index];
    tree = makeTree(requests, group);
  }
  if (tree !== undefined) yield tree;
}

function makeTree(requests: readonly ScoreRequest[], group: readonly number[]): Tree {
  const inputs = group.map((index) => {
    const { context, continuation } = requests[index]!;
    return [...context, ...continuation.slice(0, -1)];
  });
  const first = inputs[0]!;
  let shared = first.length;
  for (const input of inputs) {
    let i = 0;
    while (i < shared && i < input.length && input[i] === first[i]) i++;
    shared = i;
  }
  const branches = group.map((request, k) => ({ request, tokens: inputs[k]!.slice(shared) }));
  // every branch but the last is followed by empty columns up to a multiple of the lanes: the last place goes to the one that would need most
  const need = branches.map(({ tokens }) => align(tokens.length, 0) - tokens.length);
  const last = need.indexOf(Math.max(...need));
  branches.push(...branches.splice(last, 1));
  let tokens = shared;
  let columns = shared;
  for (const { tokens: branch } of branches) {
    if (branch.length === 0) continue;
    tokens += branch.length;
    columns = align(columns, shared) + branch.length;
  }
  return { trunk: first.slice(0, shared), branches, tokens, columns };
}

/** A tree of one token that nobody asks for. */
const FILLER: Tree = { trunk: [0], branches: [], tokens: 1, columns: 1 };

function layOut(asked: readonly Tree[], requests: readonly ScoreRequest[]): PackedRow {
  const used = asked.reduce((sum, tree) => sum + tree.tokens, 0);
  const trees = [...asked, ...new Array<Tree>(Math.max(0, MIN_ROW - used)).fill(FILLER)];
  const S = Math.max(used, MIN_ROW);
  const length = align(Math.max(...trees.map(({ columns }) => columns)), 0);
  const fields = (): Int32Array => new Int32Array(S);
  const [tokens, positions, places, treeStart, trunkEnd, branchStart] = Array.from({ length: 6 }, fields) as [
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const scored: ScoredPosition[] = [];
  const filled: number[] = []; // columns in use, by segment
  let at = 0;
  for (const { trunk, branches, columns } of trees) {
    let segment = filled.findIndex((column) => align(column, 0) + columns <= length);
    if (segment === -1) segment = filled.push(0) - 1;
    const start = align(filled[segment]!, 0);
    const end = start + trunk.length;
    filled[segment] = start + columns;
    const put = (token: number, position: number, column: number, branch: number): void => {
      tokens[at] = token;
      positions[at] = position;
      places[at] = segment * length + column;
      treeStart[at] = start;
      trunkEnd[at] = end;
      branchStart[at] = branch;
      at++;
    };
    const first = at; // token of the trunk
    for (const [i, token] of trunk.entries()) put(token, i, start + i, start);
    let column = end;
    for (const { request, tokens: branch } of branches) {
      const from = at;
      if (branch.length > 0) column = align(column, trunk.length);
      const branchColumn = column;
      for (const [i, token] of branch.entries()) put(token, trunk.length + i, column++, branchColumn);
      const { context, continuation } = requests[request]!;
      for (const [j, target] of continuation.entries()) {
        const before = context.length - 1 + j; // in the request's own sequence
        const index = before < trunk.length ? first + before : from + before - trunk.length;
        scored.push({ request, index, target, place: j });
      }
    }
  }
  const segments = { count: filled.length, length, places, treeStart, trunkEnd, branchStart };
  return { tokens, positions, segments, scored };
}

function sameTokens(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((token, i) => token === b[i]));
}
