/**
 * @file Requests into rows without padding (design.md §4). Neighbouring requests that share their context become one tree: the
 * tokens they have in common stand once, each continuation is a branch that sees the trunk and itself. Positions restart for
 * every tree and continue from the trunk in every branch, so a token has the position it would have alone.
 */
import { ShapeError } from '@bitcliff/core';

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
}

/** Several trees of tokens that run through the model together. All arrays have one entry per token. */
export interface PackedRow {
  readonly tokens: Int32Array;
  /** Position inside the own sequence, from 0. */
  readonly positions: Int32Array;
  /** A token sees the trunk of its tree, [treeStart, trunkEnd), and its own branch from branchStart, up to itself. */
  readonly treeStart: Int32Array;
  readonly trunkEnd: Int32Array;
  readonly branchStart: Int32Array;
  readonly scored: readonly ScoredPosition[];
}

interface Tree {
  readonly trunk: readonly number[];
  readonly branches: readonly { readonly request: number; readonly tokens: readonly number[] }[];
  readonly length: number;
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
    if (used > 0 && used + tree.length > rowLength) {
      rows.push(layOut(open, used, requests));
      open = [];
      used = 0;
    }
    open.push(tree);
    used += tree.length;
  }
  if (used > 0) rows.push(layOut(open, used, requests));
  return rows;
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
      if (larger.length <= rowLength) {
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
  const length = branches.reduce((sum, branch) => sum + branch.tokens.length, shared);
  return { trunk: first.slice(0, shared), branches, length };
}

function layOut(trees: readonly Tree[], length: number, requests: readonly ScoreRequest[]): PackedRow {
  const tokens = new Int32Array(length);
  const positions = new Int32Array(length);
  const treeStart = new Int32Array(length);
  const trunkEnd = new Int32Array(length);
  const branchStart = new Int32Array(length);
  const scored: ScoredPosition[] = [];
  let at = 0;
  const put = (token: number, position: number, start: number, end: number, branch: number): void => {
    tokens[at] = token;
    positions[at] = position;
    treeStart[at] = start;
    trunkEnd[at] = end;
    branchStart[at] = branch;
    at++;
  };
  for (const { trunk, branches } of trees) {
    const start = at;
    const end = start + trunk.length;
    for (const [i, token] of trunk.entries()) put(token, i, start, end, start);
    for (const { request, tokens: branch } of branches) {
      const from = at;
      for (const [i, token] of branch.entries()) put(token, trunk.length + i, start, end, from);
      const { context, continuation } = requests[request]!;
      for (const [j, target] of continuation.entries()) {
        const place = context.length - 1 + j; // in the request's own sequence
        const index = place < trunk.length ? start + place : from + place - trunk.length;
        scored.push({ request, index, target });
      }
    }
  }
  return { tokens, positions, treeStart, trunkEnd, branchStart, scored };
}

function sameTokens(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((token, i) => token === b[i]));
}
