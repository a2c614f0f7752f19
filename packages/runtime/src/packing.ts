/**
 * @file Requests into rows without padding (design.md §4). Neighbouring requests that share their context become one tree: the
 * tokens they have in common stand once, each continuation is a branch that sees the trunk and itself. Positions restart for
 * every tree and continue from the trunk in every branch, so a token has the position it would have alone.
 *
 * Everything but attention works on the tokens of a row as they are; for attention see attention-passes.ts.
 */
import { ShapeError } from '@bitcliff/core';
import { branchKeys, layOutAttention, type RowAttention, type TokenRun } from './attention-passes.ts';

/** Tokens in a row at least: a product with one row takes another path through ONNX Runtime, with other last bits. */
const MIN_ROW = 2;

/** Keys that attention may copy for the branches of a row, for each token that the row may hold; rows count as 128 tokens at least. */
export const BRANCH_KEYS: number = 8;

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

/** Several trees of tokens that run through the model together. */
export interface PackedRow {
  /** i32[S]. */
  readonly tokens: Int32Array;
  /** Position inside the own sequence, from 0; i32[S]. */
  readonly positions: Int32Array;
  /** Tokens of the own sequence, i32[S]; in a trunk of the longest one through it. */
  readonly lengths: Int32Array;
  readonly attention: RowAttention;
  readonly scored: readonly ScoredPosition[];
}

/**
 * The tokens of a row behind which something is scored, in the order of their first scores.
 * @returns indices in the row, each once; a single one twice, see {@link MIN_ROW}
 */
export function scoredTokens({ scored }: Pick<PackedRow, 'scored'>): Int32Array {
  const indices = [...new Set(scored.map(({ index }) => index))];
  return Int32Array.from(indices.length === 1 ? [indices[0]!, indices[0]!] : indices);
}

interface Tree {
  readonly trunk: readonly number[];
  readonly branches: readonly { readonly request: number; readonly tokens: readonly number[] }[];
  readonly tokens: number;
}

/**
 * Pack requests into rows.
 * @param options.rowLength tokens a row may hold; a longer request gets a row of its own. @default 512
 * @param options.sharePrefixes put tokens that neighbours share into the row once. @default true
 * @param options.longSequence sequences of more tokens share none with others: the model computes them otherwise. @default null
 * @throws {ShapeError} for a request with an empty context or continuation
 */
export function packRequests(
  requests: readonly ScoreRequest[],
  options: { rowLength?: number; sharePrefixes?: boolean; longSequence?: number | null } = {},
): PackedRow[] {
  const { rowLength = 512, sharePrefixes = true, longSequence = null } = options;
  const rows: PackedRow[] = [];
  let open: Tree[] = [];
  const limit = longSequence ?? Number.POSITIVE_INFINITY;
  for (const tree of buildTrees(requests, { rowLength, sharePrefixes, limit })) {
    if (open.length > 0 && !fitsRow([...open, tree], rowLength)) {
      rows.push(layOut(open, requests));
      open = [];
    }
    open.push(tree);
  }
  if (open.length > 0) rows.push(layOut(open, requests));
  return rows;
}

function fitsRow(trees: readonly Tree[], rowLength: number): boolean {
  const tokens = trees.reduce((sum, tree) => sum + tree.tokens, 0);
  const keys = branchKeys(trees.flatMap((tree) => runsOf(tree, 0)));
  return tokens <= rowLength && keys <= BRANCH_KEYS * Math.max(128, rowLength);
}

/** @param first index in the row of the tree's first token */
function runsOf({ trunk, branches }: Tree, first: number): TokenRun[] {
  const runs: TokenRun[] = [{ start: 0, first, count: trunk.length, trunk: first }];
  let at = first + trunk.length;
  for (const { tokens } of branches) {
    if (tokens.length > 0) runs.push({ start: trunk.length, first: at, count: tokens.length, trunk: first });
    at += tokens.length;
  }
  return runs;
}

/** Neighbours with equal contexts share a tree, as many as fit a row. */
function* buildTrees(
  requests: readonly ScoreRequest[],
  options: { readonly rowLength: number; readonly sharePrefixes: boolean; readonly limit: number },
): Generator<Tree> {
  const { rowLength, sharePrefixes, limit } = options;
  const isLong = (request: ScoreRequest): boolean => inputLength(request) > limit;
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
    if (
      sharePrefixes &&
      previous !== undefined &&
      isLong(previous) === isLong(request) &&
      sameTokens(previous.context, request.context)
    ) {
      const larger = makeTree(requests, [...group, index]);
      if (fitsRow([larger], rowLength)) {
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

/** Tokens that the model reads. */
function inputLength({ context, continuation }: ScoreRequest): number {
  return context.length + continuation.length - 1;
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
  const tokens = branches.reduce((sum, branch) => sum + branch.tokens.length, shared);
  return { trunk: first.slice(0, shared), branches, tokens };
}

/** A tree of one token that nobody asks for. */
const FILLER: Tree = { trunk: [0], branches: [], tokens: 1 };

function layOut(asked: readonly Tree[], requests: readonly ScoreRequest[]): PackedRow {
  const used = asked.reduce((sum, tree) => sum + tree.tokens, 0);
  const trees = [...asked, ...new Array<Tree>(Math.max(0, MIN_ROW - used)).fill(FILLER)];
  const S = Math.max(used, MIN_ROW);
  const tokens = new Int32Array(S);
  const positions = new Int32Array(S);
  const lengths = new Int32Array(S);
  const scored: ScoredPosition[] = [];
  const runs: TokenRun[] = [];
  let at = 0;
  for (const tree of trees) {
    const { trunk, branches } = tree;
    runs.push(...runsOf(tree, at));
    /** @param length of the own sequence */
    const put = (ids: readonly number[], start: number, length: number): void => {
      tokens.set(ids, at);
      for (let i = 0; i < ids.length; i++) positions[at + i] = start + i;
      lengths.fill(length, at, at + ids.length);
      at += ids.length;
    };
    const first = at; // token of the trunk
    const longest = Math.max(0, ...branches.map((branch) => branch.tokens.length));
    put(trunk, 0, trunk.length + longest);
    for (const { request, tokens: branch } of branches) {
      const from = at;
      put(branch, trunk.length, trunk.length + branch.length);
      const { context, continuation } = requests[request]!;
      for (const [j, target] of continuation.entries()) {
        const before = context.length - 1 + j; // in the request's own sequence
        const index = before < trunk.length ? first + before : from + before - trunk.length;
        scored.push({ request, index, target, place: j });
      }
    }
  }
  return { tokens, positions, lengths, attention: layOutAttention(runs, S), scored };
}

function sameTokens(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((token, i) => token === b[i]));
}
