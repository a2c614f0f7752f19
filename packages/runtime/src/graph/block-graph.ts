/**
 * @file One decoder block as an ONNX graph. Rows of packed tokens come one at a time, so hidden states are [S, hidden].
 * Inputs: `hidden` f32[S, hidden], `mask` f32[1, 1, S, S], and `cos` and `sin` f32[S, headDim/2] with `index` i64[1, S], which says what row of
 * them each token takes: the identity, because the caller looks the positions up. (As constants, the tables of 131,072 positions would
 * weigh 64 MB a block.) Output: `out` f32[S, hidden].
 */
import { InternalError, Tensor } from '@bitcliff/core';
import { OnnxGraph } from '@bitcliff/formats/onnx';
import type { LinearPlace } from '../architecture.ts';
import type { DecoderSpec } from '../decoder-spec.ts';
import type { EncodedGraph } from './encoded-graph.ts';
import { addLinears, type GraphLinear } from './linear-graph.ts';
import { addRmsNorm } from './rms-norm-graph.ts';

const MICROSOFT = 'com.microsoft';

/** What a block is made of. */
export interface BlockParts {
  readonly spec: DecoderSpec;
  /** Gains, f32[hidden]. */
  readonly norms: { readonly attention: Float32Array; readonly mlp: Float32Array };
  readonly linears: ReadonlyMap<LinearPlace, GraphLinear>;
}

/** Build the graph of one block. */
export function buildBlockGraph(parts: BlockParts): EncodedGraph {
  const { spec, norms } = parts;
  const graph = new OnnxGraph('block');
  const hidden = graph.input('hidden', 'F32', ['S', spec.hiddenSize]);
  const linear = (place: LinearPlace): GraphLinear => {
    const layer = parts.linears.get(place);
    if (layer === undefined) throw new InternalError(`block without linear layer "${place}"`);
    return layer;
  };

  const attentionInput = addRmsNorm(graph, hidden, 'norm.attention', norms.attention, spec.norm.epsilon);
  const [q, k, v] = addLinears(graph, attentionInput, [linear('q'), linear('k'), linear('v')]);
  const context = addAttention(graph, parts, { q: q!, k: k!, v: v! }); // [S, heads * headDim]
  const [attentionOut] = addLinears(graph, context, [linear('attnOut')]);
  const middle = graph.node('Add', [hidden, attentionOut!]);

  const mlpInput = addRmsNorm(graph, middle, 'norm.mlp', norms.mlp, spec.norm.epsilon);
  const [gate, up] = addLinears(graph, mlpInput, [linear('gate'), linear('up')]);
  const silu = graph.node('Mul', [gate!, graph.node('Sigmoid', [gate!])]);
  const [mlpOut] = addLinears(graph, graph.node('Mul', [silu, up!]), [linear('down')]);
  graph.node('Add', [middle, mlpOut!], { outputs: ['out'] });
  graph.output('out', 'F32', ['S', spec.hiddenSize]);
  return { model: graph.encode({ opset: 21, microsoft: true }), externalData: graph.externalData };
}

function addAttention(
  graph: OnnxGraph,
  parts: BlockParts,
  { q, k, v }: { q: string; k: string; v: string },
): string {
  const { heads, kvHeads, headDim } = parts.spec.attention;
  const half = headDim / 2;
  const index = graph.input('index', 'I64', [1, 'S']);
  const mask = graph.input('mask', 'F32', [1, 1, 'S', 'S']);
  const cos = graph.input('cos', 'F32', ['S', half]);
  const sin = graph.input('sin', 'F32', ['S', half]);
  const shape = (name: string, ...sizes: number[]) =>
    graph.constant(`shape.${name}`, new Tensor('I64', [sizes.length], BigInt64Array.from(sizes, BigInt)));
  const reshape = (x: string, to: string) => graph.node('Reshape', [x, to]);

  const rotate = (x: string, width: number, place: string): string => {
    const batched = reshape(x, shape(`${place}.batched`, 1, -1, width)); // [1, S, width]
    return graph.node('RotaryEmbedding', [batched, index, cos, sin], {
      domain: MICROSOFT,
      attributes: {
        interleaved: { int: 0 },
        num_heads: { int: width / headDim },
        rotary_embedding_dim: { int: 0 },
      },
    });
  };
  /** Each key/value head stands once for every query head that reads it. */
  const spread = (x: string, place: string): string => {
    if (kvHeads === heads) return x;
    const group = heads / kvHeads;
    const split = reshape(x, shape(`${place}.split`, 1, -1, kvHeads, 1, headDim)); // [1, S, kvHeads, 1, headDim]
    const wide = graph.node('Expand', [split, shape(`${place}.group`, 1, 1, 1, group, 1)]); // [1, S, kvHeads, group, headDim]
    return reshape(wide, shape(`${place}.heads`, 1, -1, heads * headDim)); // [1, S, heads * headDim]
  };

  const query = rotate(q, heads * headDim, 'q');
  const key = spread(rotate(k, kvHeads * headDim, 'k'), 'k');
  const value = spread(reshape(v, shape('v.batched', 1, -1, kvHeads * headDim)), 'v');
  const context = graph.node('MultiHeadAttention', [query, key, value, '', '', mask], {
    domain: MICROSOFT,
    attributes: { num_heads: { int: heads } },
  }); // [1, S, heads * headDim]
  return reshape(context, shape('context', -1, heads * headDim));
}
