/** @file Attention inside a block graph: clamping, norms on q and k, positions, grouped heads, the product. */
import { Tensor } from '@bitcliff/core';
import { alibiSlopes } from '../alibi.ts';
import type { DecoderSpec } from '../decoder-spec.ts';
import { addNorm } from './norm-graph.ts';
import { collectTokens, spreadTokens, type TokenView } from './segments-graph.ts';
import type { WeightedGraph } from './weighted-graph.ts';

const MICROSOFT = 'com.microsoft';

/** Gains of the norms on q and k, shaped as `attention.qkNorm` says. */
export interface QkNormWeights {
  readonly qNorm: Float32Array | null;
  readonly kNorm: Float32Array | null;
}

/**
 * What becomes of keys and values. `write`: they are outputs of these names, f32[1, heads, S, headDim]. `extend`: the same with S tokens behind
 * those of the values `pastKey` and `pastValue`, f32[1, heads, P, headDim]; the mask is [1, 1, S, P + S] then.
 */
export type KeyValues =
  | { readonly kind: 'none' }
  | { readonly kind: 'write'; readonly key: string; readonly value: string }
  | {
      readonly kind: 'extend';
      readonly pastKey: string;
      readonly pastValue: string;
      readonly key: string;
      readonly value: string;
    };

/** Where tokens stand, by the names of values; each where the positions of the model need it. */
export interface PositionValues {
  /** `index` i64[1, S], rows of the tables; `cos` and `sin` f32[rows, dims / 2]. */
  readonly rotary?: { readonly index: string; readonly cos: string; readonly sin: string };
  /** f32[T, 1, L, 1] and f32[T, 1, 1, L], by place of the segments. */
  readonly alibi?: { readonly query: string; readonly key: string };
}

/**
 * Add attention.
 * @param q name of f32[S, heads · headDim]  @param k and v, f32[S, kvHeads · headDim]
 * @param view what tokens see of each other; attention runs on its segments
 * @returns name of f32[S, heads · headDim]
 */
export function addAttention(
  graph: WeightedGraph,
  spec: DecoderSpec,
  gains: QkNormWeights,
  { q, k, v }: { q: string; k: string; v: string },
  view: TokenView,
  where: PositionValues,
  cache: KeyValues,
): string {
  const { heads, kvHeads, headDim, clip } = spec.attention;
  const shape = (name: string, ...sizes: number[]): string =>
    graph.constant(`shape.${name}`, new Tensor('I64', [sizes.length], BigInt64Array.from(sizes, BigInt)));
  const reshape = (x: string, name: string, ...sizes: number[]): string =>
    graph.node('Reshape', [x, shape(name, ...sizes)]);
  const scalar = (name: string, value: number): string =>
    graph.constant(name, new Tensor('F32', [], Float32Array.of(value)));

  const bounds = clip === null ? null : [scalar('clip.min', -clip), scalar('clip.max', clip)];
  const clamp = (x: string): string => (bounds === null ? x : graph.node('Clip', [x, ...bounds]));

  /** @param x f32[S, count · headDim] */
  const normalize = (x: string, place: 'q' | 'k', count: number, gain: Float32Array | null): string => {
    const { qkNorm } = spec.attention;
    if (qkNorm === 'none' || gain === null) return x;
    const name = `norm.${place}`;
    if (qkNorm === 'whole')
      return addNorm(graph, x, name, spec.norm, { width: count * headDim, gain, bias: null });
    const split = reshape(x, `${name}.heads`, -1, count, headDim); // [S, count, headDim]
    const own = qkNorm === 'perHead' ? gain : null;
    let y = addNorm(graph, split, name, spec.norm, { width: headDim, gain: own, bias: null });
    if (qkNorm === 'perHeadGain') {
      y = graph.node('Mul', [y, graph.weight(`${name}.gains`, new Tensor('F32', [count, headDim], gain))]);
    }
    return reshape(y, `${name}.joined`, -1, count * headDim);
  };

  const { positions } = spec;
  /** @param x f32[S, count · headDim]  @returns f32[1, S, count · headDim] */
  const place = (x: string, name: string, count: number): string => {
    const batched = reshape(x, `${name}.batched`, 1, -1, count * headDim);
    if (positions.kind !== 'rotary') return batched;
    const { index, cos, sin } = where.rotary!;
    return graph.node('RotaryEmbedding', [batched, index, cos, sin], {
      domain: MICROSOFT,
      attributes: {
        interleaved: { int: positions.interleaved ? 1 : 0 },
        num_heads: { int: count },
        rotary_embedding_dim: { int: positions.dims === headDim ? 0 : positions.dims },
      },
    });
  };
  /** @param x f32[1, S, width]  @returns f32[T, L, width] */
  const toSegments = (x: string, name: string, width: number): string =>
    view.segments === null ? x : spreadTokens(graph, view, reshape(x, `${name}.rows`, -1, width), name);
  /** Each key/value head stands once for every query head that reads it. @param x f32[T, L, kvHeads · headDim] */
  const spread = (x: string, name: string): string => {
    if (kvHeads === heads) return x;
    const split = reshape(x, `${name}.split`, 0, 0, kvHeads, 1, headDim);
    const wide = graph.node('Expand', [split, shape(`${name}.group`, 1, 1, 1, heads / kvHeads, 1)]); // [T, L, kvHeads, group, headDim]
    return reshape(wide, `${name}.spread`, 0, 0, heads * headDim);
  };

  const placed = place(normalize(clamp(q), 'q', heads, gains.qNorm), 'q', heads);
  const query = toSegments(placed, 'q', heads * headDim);
  const rotated = place(normalize(clamp(k), 'k', kvHeads, gains.kNorm), 'k', kvHeads);
  const key = spread(toSegments(rotated, 'k', kvHeads * headDim), 'k');
  const batched = reshape(clamp(v), 'v.batched', 1, -1, kvHeads * headDim);
  const value = spread(toSegments(batched, 'v', kvHeads * headDim), 'v');
  let bias = view.mask;
  if (positions.kind === 'alibi') {
    const slopes = new Tensor('F32', [1, heads, 1, 1], Float32Array.from(alibiSlopes(heads)));
    const { query: from, key: to } = where.alibi!;
    const distance = graph.node('Sub', [to, from]); // [T, 1, L, L], ≤ 0 where a token sees
    bias = graph.node('Add', [
      view.mask,
      graph.node('Mul', [distance, graph.constant('alibi.slopes', slopes)]),
    ]); // [T, heads, L, L]
  }
  const inputs = [query, key, value, '', '', bias];
  const attributes = { num_heads: { int: heads } };
  let context: string; // [T, L, heads · headDim]
  if (cache.kind === 'extend') {
    inputs.push(cache.pastKey, cache.pastValue);
    const outputs = [`${graph.scope}attention`, cache.key, cache.value];
    context = graph.node('MultiHeadAttention', inputs, { domain: MICROSOFT, attributes, outputs })[0]!;
  } else {
    context = graph.node('MultiHeadAttention', inputs, { domain: MICROSOFT, attributes });
  }
  if (cache.kind === 'write') {
    for (const [name, x] of [
      [cache.key, key],
      [cache.value, value],
    ] as const) {
      const split = reshape(x, `${name}.by_head`, 1, -1, heads, headDim);
      graph.node('Transpose', [split], { outputs: [name], attributes: { perm: { ints: [0, 2, 1, 3] } } });
    }
  }
  if (cache.kind !== 'none')
    for (const name of [cache.key, cache.value]) graph.output(name, 'F32', [1, heads, 'T', headDim]);
  return collectTokens(graph, view, context, heads * headDim, 'context');
}
