import { createRng } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { branchKeys, layOutAttention, PASSES, type RowAttention, type TokenRun } from './attention-passes.ts';

/** @param trees tokens of a trunk, then of its branches */
function runsOf(trees: readonly (readonly [trunk: number, ...branches: number[]])[]): TokenRun[] {
  const runs: TokenRun[] = [];
  let at = 0;
  for (const [count, ...branches] of trees) {
    const trunk = at;
    runs.push({ start: 0, first: at, count, trunk });
    at += count;
    for (const tokens of branches) {
      runs.push({ start: count, first: at, count: tokens, trunk });
      at += tokens;
    }
  }
  return runs;
}

const tokensOf = (runs: readonly TokenRun[]): number => runs.reduce((sum, { count }) => sum + count, 0);
const layOut = (runs: readonly TokenRun[]): RowAttention => layOutAttention(runs, tokensOf(runs));
const up = (size: number): number => 16 * Math.ceil(size / 16);

/** What the passes of a row cost, as the layout counts it. */
const costOf = (passes: readonly { count: number; queries: number; keys: number }[]): number =>
  passes.reduce((sum, { count, queries, keys }) => sum + count * queries * keys + 4096, 0);

/** The entries of a row with the sizes of their own, by the pass they are in. */
function entriesOf({ passes }: RowAttention, runs: readonly TokenRun[]) {
  return passes.map(({ count, queries, keys, query, key }) =>
    Array.from({ length: count }, (_, e) => {
      const own = [...query.subarray(e * queries, (e + 1) * queries)].filter((token) => token !== -1);
      const seen = key.subarray(e * keys, (e + 1) * keys).filter((token) => token !== -1).length;
      const run = runs.find(({ first, count: n }) => own[0]! >= first && own[0]! < first + n);
      return { own, run, queries: up(own.length), keys: up(Math.max(80, seen)) };
    }).filter(({ own }) => own.length > 0),
  );
}

describe('the passes of a row', () => {
  it('hold entries of like sizes', () => {
    const { passes } = layOut(
      runsOf([
        [60, 20, 20, 20, 20],
        [300, 20, 20, 20],
      ]),
    );
    expect(passes.map(({ count, queries, keys }) => [count, queries, keys])).toEqual([
      [2, 128, 128], // the trunk of 60 tokens, and a piece of the other
      [1, 128, 256],
      [1, 48, 304],
      [4, 32, 80],
      [3, 32, 320],
    ]);
  });

  it('hold every token once, and cost no more than one for each piece of the trunks and one for the branches', () => {
    const rng = createRng(31);
    for (let round = 0; round < 200; round++) {
      const runs = runsOf(
        Array.from({ length: 1 + rng.int(6) }, () => [
          1 + rng.int([20, 150, 700][rng.int(3)]!),
          ...Array.from({ length: rng.int(8) }, () => 1 + rng.int([8, 60][rng.int(2)]!)),
        ]),
      );
      const attention = layOut(runs);
      expect(attention.passes).toHaveLength(PASSES);
      const byPass = entriesOf(attention, runs);
      const tokens = byPass.flatMap((entries) => entries.flatMap(({ own }) => own));
      expect(tokens.sort((a, b) => a - b)).toEqual([...new Array(tokensOf(runs)).keys()]);

      const plain = new Map<string, { count: number; queries: number; keys: number }>();
      for (const { own, run, queries, keys } of byPass.flat()) {
        const pass = run!.start === 0 ? `from ${own[0]! - run!.first}` : 'branches';
        const known = plain.get(pass) ?? { count: 0, queries: 0, keys: 0 };
        plain.set(pass, {
          count: known.count + 1,
          queries: Math.max(known.queries, queries),
          keys: Math.max(known.keys, keys),
        });
      }
      const used = attention.passes.filter((_, p) => byPass[p]!.length > 0);
      expect(costOf(used)).toBeLessThanOrEqual(costOf([...plain.values()]));
      for (const [p, entries] of byPass.entries()) {
        const { queries, keys } = attention.passes[p]!;
        if (entries.length === 0) continue;
        expect([queries, keys]).toEqual([
          Math.max(...entries.map((entry) => entry.queries)),
          Math.max(...entries.map((entry) => entry.keys)),
        ]);
      }
      const branchPasses = attention.passes.filter((_, p) => byPass[p]!.some(({ run }) => run!.start > 0));
      const copied = branchPasses.reduce((sum, { count, keys }) => sum + count * keys, 0);
      expect(copied).toBeLessThanOrEqual(branchKeys(runs));
    }
  });

  it('cost the least that neighbours in the order of their keys can', () => {
    const rng = createRng(32);
    for (let round = 0; round < 40; round++) {
      // one trunk of 16 tokens is one entry; its branches are whole
      const lengths = Array.from({ length: 2 + rng.int(7) }, () => 16 * (1 + rng.int(4)));
      const runs = runsOf([[16, ...lengths.map(() => 40)]]).map((run, i) =>
        i === 0 ? run : { ...run, start: 16 * rng.int(30) + 16 },
      );
      const sized = runs
        .slice(1)
        .map(({ start, count }) => ({ queries: up(count), keys: up(Math.max(80, start + count)) }));
      /** Of all ways to cut a list into groups. */
      const least = (list: readonly { queries: number; keys: number }[], passes: number): number => {
        if (list.length === 0) return 0;
        if (passes === 0) return Number.POSITIVE_INFINITY;
        let best = Number.POSITIVE_INFINITY;
        for (let count = 1; count <= list.length; count++) {
          const group = list.slice(0, count);
          const queries = Math.max(...group.map((entry) => entry.queries));
          const keys = Math.max(...group.map((entry) => entry.keys));
          best = Math.min(best, costOf([{ count, queries, keys }]) + least(list.slice(count), passes - 1));
        }
        return best;
      };
      const byKeys = [...sized].sort((a, b) => a.keys - b.keys || a.queries - b.queries);
      const attention = layOut(runs);
      const byPass = entriesOf(attention, runs);
      const branches = attention.passes.filter((_, p) => byPass[p]!.some(({ run }) => run!.start > 0));
      expect(costOf(branches)).toBe(least(byKeys, PASSES - 1));
    }
  });
});
