/** @file Attention inside a block graph: clamping, norms on q and k, positions, grouped heads, the product. */
import { Tensor } from '@bitcliff/core';
import { alibiSlopes } from '../alibi.ts';
import type { DecoderSpec } from '../decoder-spec.ts';
import { addNorm } from './norm-graph.ts';
import { gatherTokens, type PassView, type TokenView, throughPasses } from './passes-graph.ts';
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
  /** By pass: f32[T, 1, Q, 1] and f32[1, 1, 1, K]. */
  readonly alibi?: readonly { readonly query: string; readonly key: string }[];
}

/**
 * Add attention.
 * @param q name of f32[S, heads · headDim]  @param k and v, f32[S, kvHeads · headDim]
 * @param view what tokens see of each other; one sequence in order where keys and values are kept
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
  const reshape = (x: string, name: string, ...sizes: number[]): string =>
    graph.node('Reshape', [x, graph.constant(`shape.${name}`, sizesTensor(sizes))]);
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
  /** @param x f32[S, count · headDim]  @returns the same, rotated */
  const place = (x: string, name: string, count: number): string => {
    if (positions.kind !== 'rotary') return x;
    const batched = reshape(x, `${name}.batched`, 1, -1, count * headDim);
    const { index, cos, sin } = where.rotary!;
    const rotated = graph.node('RotaryEmbedding', [batched, index, cos, sin], {
      domain: MICROSOFT,
      attributes: {
        interleaved: { int: positions.interleaved ? 1 : 0 },
        num_heads: { int: count },
        rotary_embedding_dim: { int: positions.dims === headDim ? 0 : positions.dims },
      },
    }); // [1, S, count · headDim]
    return reshape(rotated, `${name}.placed`, -1, count * headDim);
  };
  const query = place(normalize(clamp(q), 'q', heads, gains.qNorm), 'q', heads);
  const key = place(normalize(clamp(k), 'k', kvHeads, gains.kNorm), 'k', kvHeads);
  const value = clamp(v);
  const slopes =
    positions.kind === 'alibi'
      ? graph.constant(
          'alibi.slopes',
          new Tensor('F32', [1, heads, 1, 1], Float32Array.from(alibiSlopes(heads))),
        )
      : '';
  /** What is added to the scores of a pass. */
  const biasOf = ({ mask }: PassView, index: number): string => {
    if (positions.kind !== 'alibi') return mask;
    const { query: from, key: to } = where.alibi![index]!;
    const distance = graph.node('Sub', [to, from]); // [T, 1, Q, K], ≤ 0 where a token sees
    return graph.node('Add', [mask, graph.node('Mul', [distance, slopes])]); // [T, heads, Q, K]
  };
  if (cache.kind !== 'none') {
    const [pass] = view.passes;
    return addCachedAttention(graph, spec, { query, key, value }, biasOf(pass!, 0), cache);
  }
  return throughPasses(graph, view, { name: 'context', width: heads * headDim }, (pass, name) =>
    graph.node(
      'Attention',
      [
        gatherTokens(graph, pass, query, 'query', name),
        gatherTokens(graph, pass, key, 'key', name),
        gatherTokens(graph, pass, value, 'key', name),
        biasOf(pass, view.passes.indexOf(pass)),
      ],
      { attributes: { q_num_heads: { int: heads }, kv_num_heads: { int: kvHeads } } },
    ),
  );
}

/**
 * Attention of one sequence that keeps keys and values.
 * @param x names of f32[S, heads · headDim] and twice f32[S, kvHeads · headDim]  @param bias name of f32[1, 1 or heads, S, P + S]
 * @returns name of f32[S, heads · headDim]
 */
function addCachedAttention(
  graph: WeightedGraph,
  { attention: { heads, kvHeads, headDim } }: DecoderSpec,
  x: { readonly query: string; readonly key: string; readonly value: string },
  bias: string,
  cache: Exclude<KeyValues, { readonly kind: 'none' }>,
): string {
  const reshape = (y: string, name: string, ...sizes: number[]): string =>
    graph.node('Reshape', [y, graph.constant(name, sizesTensor(sizes))]);
  /** Each key/value head stands once for every query head that reads it. @returns f32[1, S, heads · headDim] */
  const spread = (y: string, name: string): string => {
    if (kvHeads === heads) return reshape(y, `shape.${name}.sequence`, 1, -1, heads * headDim);
    const split = reshape(y, `shape.${name}.split`, 1, -1, kvHeads, 1, headDim);
    const group = graph.constant(`shape.${name}.group`, sizesTensor([1, 1, 1, heads / kvHeads, 1]));
    const wide = graph.node('Expand', [split, group]); // [1, S, kvHeads, group, headDim]
    return reshape(wide, `shape.${name}.spread`, 1, -1, heads * headDim);
  };
  const query = reshape(x.query, 'shape.q.sequence', 1, -1, heads * headDim);
  const [key, value] = [spread(x.key, 'k'), spread(x.value, 'v')];
  const options = { domain: MICROSOFT, attributes: { num_heads: { int: heads } } } as const;
  const inputs = [query, key, value, '', '', bias];
  let context: string; // [1, S, heads · headDim]
  if (cache.kind === 'extend') {
    inputs.push(cache.pastKey, cache.pastValue);
    const outputs = [`${graph.scope}attention`, cache.key, cache.value];
    context = graph.node('MultiHeadAttention', inputs, { ...options, outputs })[0]!;
  } else {
    context = graph.node('MultiHeadAttention', inputs, options);
    for (const [name, y] of [
      [cache.key, key],
      [cache.value, value],
    ] as const) {
      const split = reshape(y, `shape.${name}.by_head`, 1, -1, heads, headDim);
      graph.node('Transpose', [split], { outputs: [name], attributes: { perm: { ints: [0, 2, 1, 3] } } });
    }
  }
  for (const name of [cache.key, cache.value]) graph.output(name, 'F32', [1, heads, 'T', headDim]);
  return reshape(context, 'shape.context', -1, heads * headDim);
}

function sizesTensor(sizes: readonly number[]): Tensor {
  return new Tensor('I64', [sizes.length], BigInt64Array.from(sizes, BigInt));
}
