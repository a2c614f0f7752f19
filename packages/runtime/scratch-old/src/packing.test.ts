import { createRng } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { attentionMask, MASKED } from './attention-mask.ts';
import { LANES, type PackedRow, packRequests, type ScoreRequest } from './packing.ts';

const request = (context: number[], continuation: number[]): ScoreRequest => ({ context, continuation });

/** The tokens that token `index` of a row sees, with their positions, read off the row's mask. */
function view(row: PackedRow, mask: Float32Array, index: number): [token: number, position: number][] {
  const { length: L, places } = row.segments;
  const seen: [number, number][] = [];
  for (const [j, place] of places.entries()) {
    const isSame = Math.floor(place / L) === Math.floor(places[index]! / L);
    if (isSame && mask[places[index]! * L + (place % L)] === 0)
      seen.push([row.tokens[j]!, row.positions[j]!]);
  }
  return seen;
}

describe('packRequests', () => {
  it('puts a shared context into the row once, tokens at places that equal their positions modulo 16', () => {
    const [row, ...rest] = packRequests([request([1, 2, 3], [4, 5]), request([1, 2, 3], [6, 7, 8])]);
    expect(rest).toEqual([]);
    // the branch that would need most empty places behind it stands last
    expect([...row!.tokens]).toEqual([1, 2, 3, 6, 7, 4]);
    expect([...row!.positions]).toEqual([0, 1, 2, 3, 4, 3]);
    expect([...row!.segments.places]).toEqual([0, 1, 2, 3, 4, 19]);
    expect(row!.segments).toMatchObject({ count: 1, length: 32 });
    expect(row!.scored).toEqual([
      { request: 1, index: 2, target: 6, place: 0 },
      { request: 1, index: 3, target: 7, place: 1 },
      { request: 1, index: 4, target: 8, place: 2 },
      { request: 0, index: 2, target: 4, place: 0 },
      { request: 0, index: 5, target: 5, place: 1 },
    ]);
  });

  it('extends the trunk over what the continuations share', () => {
    const [row] = packRequests([request([1, 2], [7, 8, 3]), request([1, 2], [7, 9, 4])]);
    expect([...row!.tokens]).toEqual([1, 2, 7, 9, 8]);
    expect([...row!.segments.places]).toEqual([0, 1, 2, 3, 19]);
    expect(row!.scored.map(({ request: r, index }) => [r, index])).toEqual([
      [1, 1],
      [1, 2],
      [1, 3],
      [0, 1],
      [0, 2],
      [0, 4],
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
    expect(rows.map(({ segments: { count, length } }) => [count, length])).toEqual([
      [2, 16],
      [1, 32],
      [2, 16],
    ]);
  });

  it('puts short trees behind each other in segments as long as the longest tree', () => {
    const [row] = packRequests([20, 3, 4, 40, 5].map((n) => request(new Array(n).fill(n), [1])));
    const { count, length, places } = row!.segments;
    expect([count, length]).toEqual([3, 48]);
    // columns 0 to 20, 32 to 35; 0 to 4, 16 to 21; 0 to 40: the first segment with room takes a tree
    expect([0, 20, 23, 27, 67].map((index) => places[index])).toEqual([0, 32, 48, 96, 64]);
  });

  it('splits a tree that does not fit a row', () => {
    const choices = [4, 5, 6, 7].map((token) => request([1, 2, 3], [token, token, token]));
    const rows = packRequests(choices, { rowLength: 7 });
    expect(rows.map((row) => [...row.tokens])).toEqual([
      [1, 2, 3, 5, 5, 4, 4],
      [1, 2, 3, 7, 7, 6, 6],
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
        const mask = attentionMask(row);
        expect(mask.every((value) => value === 0 || value === Math.fround(MASKED))).toBe(true);
        for (const { request: r, index, target } of row.scored) {
          const { context, continuation } = requests[r]!;
          const j = scoredTargets[r]!.length;
          scoredTargets[r]!.push(target);
          const sequence = [...context, ...continuation.slice(0, j)];
          expect(view(row, mask, index)).toEqual(sequence.map((token, position) => [token, position]));
          const { places, length } = row.segments;
          expect((places[index]! % length) % LANES).toBe((sequence.length - 1) % LANES);
        }
      }
      expect(scoredTargets).toEqual(requests.map(({ continuation }) => [...continuation]));
    }
  });
});
