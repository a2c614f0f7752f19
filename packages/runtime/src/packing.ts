/**
 * @file Requests into rows without padding (design.md §4). Neighbouring requests that share their context become one tree: the
 * tokens they have in common stand once, each continuation is a branch that sees the trunk and itself. Positions restart for
 * every tree and continue from the trunk in every branch, so a token has the position it would have alone.
 *
 * A token's index in the row equals its position modulo {@link LANES}, at the price of a few filler tokens. Vector units sum the
 * softmax lane by lane, so a sequence gives the same bits alone, behind others, and as a branch; without it, the sums differ in the
 * last place and W8A8 turns some of these differences into other codes.
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

/** Several trees of tokens that run through the model together. All arrays have one entry per token; filler tokens see themselves. */
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
  /** Tokens in the row, filler between branches included. */
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
    const start = used + filler(used, 0);
    if (used > 0 && start + tree.length > rowLength) {
      rows.push(layOut(open, used, requests));
      open = [tree];
      used = tree.length;
    } else {
      open.push(tree);
      used = start + tree.length;
    }
  }
  if (used > 0) rows.push(layOut(open, used, requests));
  return rows;
}

/** Filler tokens after `index` so that the next token's index equals `position` modulo {@link LANES}. */
function filler(index: number, position: number): number {
  return (((position - index) % LANES) + LANES) % LANES;
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
  // every branch but the last is filled up to a multiple of the lanes: the last place goes to the one that would need most
  const need = branches.map(({ tokens }) => filler(tokens.length, 0));
  const last = need.indexOf(Math.max(...need));
  branches.push(...branches.splice(last, 1));
  let length = shared;
  for (const { tokens } of branches) if (tokens.length > 0) length += filler(length, shared) + tokens.length;
  return { trunk: first.slice(0, shared), branches, length };
}

function layOut(trees: readonly Tree[], used: number, requests: readonly ScoreRequest[]): PackedRow {
  const length = Math.max(used, MIN_ROW);
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
  const fill = (count: number): void => {
    for (let i = 0; i < count; i++) put(0, 0, at, at, at);
  };
  for (const { trunk, branches } of trees) {
    fill(filler(at, 0));
    const start = at;
    const end = start + trunk.length;
    for (const [i, token] of trunk.entries()) put(token, i, start, end, start);
    for (const { request, tokens: branch } of branches) {
      if (branch.length > 0) fill(filler(at - start, trunk.length));
      const from = at;
      for (const [i, token] of branch.entries()) put(token, trunk.length + i, start, end, from);
      const { context, continuation } = requests[request]!;
      for (const [j, target] of continuation.entries()) {
        const before = context.length - 1 + j; // in the request's own sequence
        const index = before < trunk.length ? start + before : from + before - trunk.length;
        scored.push({ request, index, target, place: j });
      }
    }
  }
  fill(length - at);
  return { tokens, positions, treeStart, trunkEnd, branchStart, scored };
}

function sameTokens(a: readonly number[], b: readonly number[]): boolean {
  return a === b || (a.length === b.length && a.every((token, i) => token === b[i]));
}
