/** @file What looks at several tokens of a row, pass by pass: see attention-passes.ts. */
import { Tensor } from '@bitcliff/core';
import type { WeightedGraph } from './weighted-graph.ts';

/** One pass, by the names of values. */
export interface PassView {
  /** Additive, f32[T, 1, Q, K]. */
  readonly mask: string;
  /** The token at each place, i32[T, Q] and i32[T, K] (any at an empty one). `null`: the row is one sequence, in order, and T is 1. */
  readonly tokens: { readonly query: string; readonly key: string } | null;
}

/** What tokens see of each other, by the names of values. */
export interface TokenView {
  readonly passes: readonly PassView[];
  /** Place of each token among the queries of all passes, i32[S]; `null` where the row is one sequence. */
  readonly places: string | null;
}

/** @param x name of f32[S, W]  @returns names of f32[T, Q, W] and f32[T, K, W] */
export function gatherTokens(
  graph: WeightedGraph,
  { tokens }: PassView,
  x: string,
  which: 'query' | 'key',
  name: string,
): string {
  if (tokens !== null) return graph.node('Gather', [x, tokens[which]]);
  const axis = graph.constant(`${name}.sequence`, new Tensor('I64', [1], BigInt64Array.of(0n)));
  return graph.node('Unsqueeze', [x, axis]);
}

/**
 * Put together what passes make of tokens.
 * @param run gives the name of f32[T, Q, width]; `name` is different for each pass
 * @returns name of f32[S, width]
 */
export function throughPasses(
  graph: WeightedGraph,
  view: TokenView,
  { name, width }: { readonly name: string; readonly width: number },
  run: (pass: PassView, name: string) => string,
): string {
  const shape = new Tensor('I64', [2], BigInt64Array.of(-1n, BigInt(width)));
  const flat = graph.constant(`${name}.flat`, shape);
  const parts = view.passes.map((pass, p) => graph.node('Reshape', [run(pass, `${name}.${p}`), flat]));
  const all =
    parts.length === 1 ? parts[0]! : graph.node('Concat', parts, { attributes: { axis: { int: 0 } } });
  return view.places === null ? all : graph.node('Gather', [all, view.places]);
}
