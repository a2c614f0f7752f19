/**
 * @file One decoder block as an ONNX graph. Rows of packed tokens come one at a time, so hidden states are [S, hidden]; attention works on their
 * passes (attention-passes.ts). Inputs: `hidden` f32[S, hidden]; for pass p `mask.p` f32[T, 1, Q, K], `query.p` i32[T, Q] and `key.p` i32[T, K];
 * `places` i32[S]; with rotary positions `cos` and `sin` f32[S, dims/2] and `index` i64[1, S], which says what row of them each token takes: the
 * identity, because the caller looks the positions up (as constants, the tables of 131,072 positions would weigh 64 MB a block); with ALiBi
 * `queryPositions.p` f32[T, 1, Q, 1] and `keyPositions.p` f32[1, 1, 1, K]. Graphs that keep keys and values take one sequence: `mask.0` is
 * f32[1, 1, S, S] or f32[1, 1, S, P + S], and no tokens are gathered. A graph that keeps some tokens takes their indices in the row, `kept` i32[U].
 * Output: `out` f32[S, hidden] or, of the kept tokens, f32[U, hidden], and taps.
 */
import { InternalError } from '@bitcliff/core';
import type { ModuleRole } from '@bitcliff/quantize';
import type { LinearPlace } from '../architecture.ts';
import { PASSES } from '../attention-passes.ts';
import type { Activation, DecoderSpec } from '../decoder-spec.ts';
import type { TapPoint } from '../taps.ts';
import type { BlockWeights, NormWeights } from '../weights.ts';
import { addAttention, type KeyValues, type PositionValues } from './attention-graph.ts';
import { addLinears, type GraphLinear, looksAtOtherTokens } from './linear-graph.ts';
import { addNorm } from './norm-graph.ts';
import type { PassView, TokenView } from './passes-graph.ts';
import { addTap, type TapStatistics } from './tap-graph.ts';
import { type EncodedGraph, WeightedGraph } from './weighted-graph.ts';

/**
 * What becomes of keys and values. `write`: outputs `key` and `value`, f32[1, heads, S, headDim]. `extend`: the same with S tokens behind those of
 * the inputs `pastKey` and `pastValue`, f32[1, heads, P, headDim]; the mask is [1, 1, S, P + S] then.
 */
export type KeyValueCache = 'none' | 'write' | 'extend';

/** What a block is made of: its weights, with the linear layers quantized or not. */
export interface BlockParts extends Pick<BlockWeights, 'norms' | 'qNorm' | 'kNorm'> {
  readonly spec: DecoderSpec;
  readonly linears: ReadonlyMap<LinearPlace, GraphLinear>;
  /** Outputs beside the block's own: see tap-graph.ts. */
  readonly taps: ReadonlyMap<TapPoint, TapStatistics>;
  /** Threads inside one operator, at most. */
  readonly threads: number;
  /** @default 'none' */
  readonly cache?: KeyValueCache;
  /** Put out some tokens alone, as the last block may: the others are not computed from the output layer of attention on. @default false */
  readonly keep?: boolean;
}

/** Build the graph of one block. */
export function buildBlockGraph(parts: BlockParts): EncodedGraph {
  const { spec, cache = 'none', keep = false } = parts;
  const { heads, headDim } = spec.attention;
  const graph = new WeightedGraph('block', parts.threads);
  const x = graph.input('hidden', 'F32', ['S', spec.hiddenSize]);
  const view = viewInputs(graph, cache);
  const past = (name: string): string => graph.input(name, 'F32', [1, heads, 'P', headDim]);
  const names = { key: 'key', value: 'value' };
  const out = addBlock(graph, x, parts, {
    view,
    // with a cache in use a run has one token, and that is all that dynamic scales look at
    scales: cache === 'extend' ? null : view,
    positions: positionInputs(graph, spec, view),
    kept: keep ? graph.input('kept', 'I32', ['U']) : null,
    cache:
      cache === 'extend'
        ? { kind: cache, pastKey: past('pastKey'), pastValue: past('pastValue'), ...names }
        : { kind: cache, ...names },
  });
  graph.node('Identity', [out], { outputs: ['out'] });
  graph.output('out', 'F32', [keep ? 'U' : 'S', spec.hiddenSize]);
  return graph.finish();
}

/** Declare the inputs that say what tokens see of each other. */
export function viewInputs(graph: WeightedGraph, cache: KeyValueCache): TokenView {
  if (cache !== 'none') {
    const mask = graph.input('mask.0', 'F32', [1, 1, 'S', cache === 'extend' ? 'P + S' : 'S']);
    return { passes: [{ mask, tokens: null }], places: null };
  }
  const passes = Array.from({ length: PASSES }, (_, p): PassView => {
    const [T, Q, K] = [`T${p}`, `Q${p}`, `K${p}`];
    return {
      mask: graph.input(`mask.${p}`, 'F32', [T, 1, Q, K]),
      tokens: {
        query: graph.input(`query.${p}`, 'I32', [T, Q]),
        key: graph.input(`key.${p}`, 'I32', [T, K]),
      },
    };
  });
  return { passes, places: graph.input('places', 'I32', ['S']) };
}

/** Declare the inputs that say where tokens stand. */
export function positionInputs(
  graph: WeightedGraph,
  { positions }: DecoderSpec,
  { passes }: TokenView,
): PositionValues {
  switch (positions.kind) {
    case 'rotary': {
      const half = positions.dims / 2;
      return {
        rotary: {
          index: graph.input('index', 'I64', [1, 'S']),
          cos: graph.input('cos', 'F32', ['S', half]),
          sin: graph.input('sin', 'F32', ['S', half]),
        },
      };
    }
    case 'alibi':
      return {
        alibi: passes.map((_, p) => ({
          query: graph.input(`queryPositions.${p}`, 'F32', [`T${p}`, 1, `Q${p}`, 1]),
          key: graph.input(`keyPositions.${p}`, 'F32', [1, 1, 1, `K${p}`]),
        })),
      };
    case 'learned':
      return {};
  }
}

/** What a block reads beside the hidden states, by the names of values. */
export interface BlockValues {
  readonly view: TokenView;
  /** The same for dynamic scales that look at several tokens; `null`: each token stands alone. */
  readonly scales: TokenView | null;
  readonly positions: PositionValues;
  /** The tokens that come out, i32[U]; `null`: all. */
  readonly kept: string | null;
  readonly cache: KeyValues;
}

/** Add a block. @param x name of f32[S, hidden]  @returns name of f32[S, hidden], or f32[U, hidden] */
export function addBlock(
  graph: WeightedGraph,
  x: string,
  parts: Omit<BlockParts, 'cache' | 'keep' | 'threads'>,
  { view, scales, positions, kept, cache }: BlockValues,
): string {
  const { spec, norms } = parts;
  const waits = [...parts.linears.values()].some(looksAtOtherTokens); // for the whole row, up to the end
  const gather = (y: string): string => (kept === null ? y : graph.node('Gather', [y, kept]));
  const keep = (y: string): string => (waits ? y : gather(y));
  const rowsOf = (role: ModuleRole): string => (role === 'attn.qkv' || kept === null || waits ? 'S' : 'U');
  const linear = (place: LinearPlace): GraphLinear => {
    const layer = parts.linears.get(place);
    if (layer === undefined) throw new InternalError(`block without linear layer "${place}"`);
    return layer;
  };
  const tap = (point: TapPoint, x: string, features: number): void => {
    const statistics = parts.taps.get(point);
    if (statistics !== undefined) addTap(graph, point, x, features, statistics);
  };
  const apply = (role: ModuleRole, y: string, ...places: LinearPlace[]): string[] => {
    const layers = places.map(linear);
    tap(`${role}.input`, y, layers[0]!.inFeatures);
    const out = addLinears(graph, y, layers, scales, rowsOf(role));
    if (parts.taps.has(`${role}.output`)) {
      const joined =
        out.length === 1 ? out[0]! : graph.node('Concat', out, { attributes: { axis: { int: 1 } } });
      tap(
        `${role}.output`,
        joined,
        layers.reduce((sum, layer) => sum + layer.outFeatures, 0),
      );
    }
    return out;
  };
  const add = (a: string, b: string): string => graph.node('Add', [a, b]);
  const n1 = (y: string): string => addNorm(graph, y, 'norm.attention', spec.norm, norms.attention);
  const n2 = (y: string): string => addNorm(graph, y, 'norm.mlp', spec.norm, norms.mlp as NormWeights);
  const attention = (y: string): string => {
    const [q, k, v] = apply('attn.qkv', y, 'q', 'k', 'v');
    const context = addAttention(graph, spec, parts, { q: q!, k: k!, v: v! }, view, positions, cache);
    return apply('attn.out', keep(context), 'attnOut')[0]!;
  };
  const mlp = (y: string): string => {
    if (spec.mlp.kind === 'plain') {
      const [up] = apply('mlp.up', y, 'up');
      return apply('mlp.down', addActivation(graph, up!, spec.mlp.activation), 'down')[0]!;
    }
    const [gate, up] = apply('mlp.up', y, 'gate', 'up');
    const product = graph.node('Mul', [addActivation(graph, gate!, spec.mlp.activation), up!]);
    return apply('mlp.down', product, 'down')[0]!;
  };

  const own = keep(x);
  const wire = (): [string, string] => {
    switch (spec.wiring) {
      case 'sequential': {
        const middle = add(own, attention(n1(x)));
        return [middle, mlp(n2(middle))];
      }
      case 'parallel':
        return [add(own, attention(n1(x))), mlp(n2(own))];
      case 'parallelSharedNorm': {
        const y = n1(x);
        return [add(own, attention(y)), mlp(keep(y))];
      }
      case 'postNorm': {
        const middle = n1(add(own, attention(x)));
        return [middle, mlp(middle)];
      }
      case 'outputNorm': {
        const middle = add(own, n1(attention(x)));
        return [middle, n2(mlp(middle))];
      }
    }
  };
  const [a, b] = wire();
  const out = spec.wiring === 'postNorm' ? n2(add(a, b)) : add(a, b);
  return waits ? gather(out) : out;
}

function addActivation(graph: WeightedGraph, x: string, activation: Activation): string {
  switch (activation) {
    case 'silu':
      return graph.node('Mul', [x, graph.node('Sigmoid', [x])]);
    case 'relu':
      return graph.node('Relu', [x]);
    case 'gelu':
      return graph.node('Gelu', [x], { attributes: { approximate: { string: 'none' } } });
    case 'geluTanh':
      return graph.node('Gelu', [x], { attributes: { approximate: { string: 'tanh' } } });
  }
}
