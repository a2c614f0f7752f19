/** @file The tokens of a row laid out in segments for what looks at several of them, and back: see packing.ts. */
import { Tensor } from '@bitcliff/core';
import type { WeightedGraph } from './weighted-graph.ts';

/** What tokens see of each other, by the names of values. */
export interface TokenView {
  /** Additive, f32[segments, 1, length, length]; without segments f32[1, 1, S, T]. */
  readonly mask: string;
  /** `gather` i64[segments, length], the token at each place (any at an empty one); `places` i64[S]. `null`: the row is one segment, in order. */
  readonly segments: { readonly gather: string; readonly places: string } | null;
}

/** @param x name of f32[S, W]  @returns name of f32[segments, length, W] */
export function spreadTokens(graph: WeightedGraph, view: TokenView, x: string, name: string): string {
  if (view.segments !== null) return graph.node('Gather', [x, view.segments.gather]);
  const axis = graph.constant(`${name}.segment`, new Tensor('I64', [1], BigInt64Array.of(0n)));
  return graph.node('Unsqueeze', [x, axis]);
}

/** @param y name of f32[segments, length, W]  @returns name of f32[S, W] */
export function collectTokens(
  graph: WeightedGraph,
  view: TokenView,
  y: string,
  width: number,
  name: string,
): string {
  const shape = new Tensor('I64', [2], BigInt64Array.of(-1n, BigInt(width)));
  const flat = graph.node('Reshape', [y, graph.constant(`${name}.flat`, shape)]);
  return view.segments === null ? flat : graph.node('Gather', [flat, view.segments.places]);
}
