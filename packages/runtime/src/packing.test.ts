import { createRng } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { attentionMask, MASKED } from './attention-mask.ts';
import { PASSES } from './attention-passes.ts';
import { type PackedRow, packRequests, type ScoreRequest } from './packing.ts';

const request = (context: number[], continuation: number[]): ScoreRequest => ({ context, continuation });

/** The tokens that token `index` of a row sees, with their positions, and the places of the keys, read off the masks of the row's passes. */
function view(
  row: PackedRow,
  index: number,
): { seen: [token: number, position: number][]; places: number[] } {
  let place = row.attention.places[index]!;
  for (const pass of row.attention.passes) {
    if (place >= pass.query.length) {
      place -= pass.query.length;
      continue;
    }
    const mask = attentionMask(pass, row.positions).subarray(place * pass.keys, (place + 1) * pass.keys);
    expect(mask.every((value) => value === 0 || value === Math.fround(MASKED))).toBe(true);
    const places = [...mask.keys()].filter((key) => mask[key] === 0);
    const entry = Math.floor(place / pass.queries);
    const tokens = places.map((key) => pass.key[entry * pass.keys + key]!);
    return { seen: tokens.map((j) => [row.tokens[j]!, row.positions[j]!]), places };
  }
  throw new Error(`token ${index} is in no pass`);
}

const sizes = ({ attention }: PackedRow): [count: number, queries: number, keys: number][] =>
  attention.passes.map(({ count, queries, keys }) => [count, queries, keys]);
const EMPTY = [1, 16, 16];

describe('packRequests', () => {
  it('puts a shared context into the row once', () => {
    const [row, ...rest] = packRequests([request([1, 2, 3], [4, 5]), request([1, 2, 3], [6, 7, 8])]);
    expect(rest).toEqual([]);
    expect([...row!.tokens]).toEqual([1, 2, 3, 4, 6, 7]);
    expect([...row!.positions]).toEqual([0, 1, 2, 3, 3, 4]);
    expect([...row!.lengths]).toEqual([5, 5, 5, 4, 5, 5]);
    expect(sizes(row!)).toEqual([[1, 16, 80], EMPTY, EMPTY, EMPTY, [2, 16, 80]]);
    expect(row!.scored).toEqual([
      { request: 0, index: 2, target: 4, place: 0 },
      { request: 0, index: 3, target: 5, place: 1 },
      { request: 1, index: 2, target: 6, place: 0 },
      { request: 1, index: 4, target: 7, place: 1 },
      { request: 1, index: 5, target: 8, place: 2 },
    ]);
  });

  it('extends the trunk over what the continuations share', () => {
    const [row] = packRequests([request([1, 2], [7, 8, 3]), request([1, 2], [7, 9, 4])]);
    expect([...row!.tokens]).toEqual([1, 2, 7, 8, 9]);
    expect(row!.scored.map(({ request: r, index }) => [r, index])).toEqual([
      [0, 1],
      [0, 2],
      [0, 3],
      [1, 1],
      [1, 2],
      [1, 4],
    ]);
  });

  it('keeps single-token choices on the trunk alone', () => {
    const [row] = packRequests([request([1, 2], [7]), request([1, 2], [8])]);
    expect([...row!.tokens]).toEqual([1, 2]);
    expect(row!.scored.map(({ index, target }) => `${index} ${target}`).sort()).toEqual(['1 7', '1 8']);
  });

  it('starts a row when the open one is full, and gives a long request its own', () => {
    const long = Array.from({ length: 20 }, (_, i) => i);
    const rows = packRequests(
      [request([1, 2, 3], [4]), request([5, 6, 7], [8]), request(long, [9]), request([1], [2])],
      { rowLength: 6 },
    );
    expect(rows.map((row) => row.tokens.length)).toEqual([6, 20, 2]); // a row of one token is filled up
  });

  it('cuts long sequences into pieces that see what is before them', () => {
    const [row] = packRequests([400, 100].map((n) => request(new Array(n).fill(n), [1])));
    expect(sizes(row!)).toEqual([[2, 128, 128], [1, 128, 256], [1, 128, 384], [1, 16, 400], EMPTY]);
    const [longer] = packRequests([request(new Array(1000).fill(1), [1])]);
    expect(sizes(longer!)).toEqual([[1, 256, 256], [1, 256, 512], [1, 256, 768], [1, 240, 1008], EMPTY]);
  });

  it('cuts a branch that is longer than the others', () => {
    const choices = [2, 3, 4, 61].map((n) => request([1, 2, 3], [...new Array(n).fill(10 * n), 5]));
    const [row] = packRequests(choices);
    expect(sizes(row!)).toEqual([[1, 16, 80], EMPTY, EMPTY, EMPTY, [5, 32, 80]]); // 18 tokens a branch on average
  });

  it('starts another row when attention would copy the shared tokens too often', () => {
    const context = Array.from({ length: 200 }, (_, i) => i);
    const choices = Array.from({ length: 40 }, (_, i) => request(context, [1000 + i, 1]));
    const rows = packRequests(choices); // 240 tokens, 40 branches of 208 keys
    expect(rows.map((row) => row.tokens.length)).toEqual([219, 219, 202]);
  });

  it('gives sequences on either side of a length no tokens in common', () => {
    const rows = packRequests([request([1, 2, 3], [4, 5]), request([1, 2, 3], [4, 5, 6])], {
      longSequence: 4,
    });
    expect([...rows[0]!.tokens]).toEqual([1, 2, 3, 4, 1, 2, 3, 4, 5]);
    expect([...rows[0]!.lengths]).toEqual([4, 4, 4, 4, 5, 5, 5, 5, 5]);
  });

  it('splits a tree that does not fit a row', () => {
    const choices = [4, 5, 6, 7].map((token) => request([1, 2, 3], [token, token, token]));
    const rows = packRequests(choices, { rowLength: 7 });
    expect(rows.map((row) => [...row.tokens])).toEqual([
      [1, 2, 3, 4, 4, 5, 5],
      [1, 2, 3, 6, 6, 7, 7],
    ]);
  });

  it('shares nothing when told so', () => {
    const rows = packRequests([request([1, 2, 3], [4, 5]), request([1, 2, 3], [6, 7])], {
      sharePrefixes: false,
    });
    expect([...rows[0]!.tokens]).toEqual([1, 2, 3, 4, 1, 2, 3, 6]);
  });

  it('refuses an empty context or continuation', () => {
    expect(() => packRequests([request([1], [2]), request([], [1])])).toThrow(
      'packRequests: request 1 is empty, expected at least one token of context and one of continuation, received 0 and 1',
    );
    expect(() => packRequests([request([1], [])])).toThrow('received 1 and 0');
  });

  it('makes every scored token see exactly its own sequence, in every packing', () => {
    const rng = createRng(2024);
    const tokens = (n: number) => Array.from({ length: n }, () => rng.int(5)); // few ids: many accidental prefixes
    const requests: ScoreRequest[] = [];
    for (let item = 0; item < 60; item++) {
      const context = tokens(1 + rng.int(12));
      const choices = 1 + rng.int(4);
      for (let c = 0; c < choices; c++) requests.push(request(context, tokens(1 + rng.int(6))));
    }
    for (const options of [
      { rowLength: 512 },
      { rowLength: 40 },
      { rowLength: 8 },
      { sharePrefixes: false },
    ]) {
      const scoredTargets = requests.map(() => [] as number[]);
      for (const row of packRequests(requests, options)) {
        expect(row.attention.passes).toHaveLength(PASSES);
        for (const { request: r, index, target } of row.scored) {
          const { context, continuation } = requests[r]!;
          const j = scoredTargets[r]!.length;
          scoredTargets[r]!.push(target);
          const sequence = [...context, ...continuation.slice(0, j)];
          const { seen, places } = view(row, index);
          expect(seen).toEqual(sequence.map((token, position) => [token, position]));
          expect(places).toEqual([...sequence.keys()]);
        }
      }
      expect(scoredTargets).toEqual(requests.map(({ continuation }) => [...continuation]));
    }
  });
});
