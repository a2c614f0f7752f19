/**
 * @file All blocks of a model as one ONNX graph, for models that fit in memory and are small enough to run in one go. It has the inputs and the output of a
 * block graph that keeps some tokens, and gives the same bits: the blocks are the same nodes. What it saves is the work between runs, and the packing of int8 weights.
 */
import { addBlock, type BlockParts, positionInputs, viewInputs } from './block-graph.ts';
import { type EncodedGraph, StackGraph } from './weighted-graph.ts';

/** A block in a stack. */
export type StackedBlock = Omit<BlockParts, 'cache' | 'keep' | 'taps' | 'threads'>;

/** @param blocks first to last, with attention windows of one size  @param threads inside one operator, at most */
export function buildStackGraph(blocks: readonly StackedBlock[], threads: number): EncodedGraph {
  const { spec } = blocks[0]!;
  const graph = new StackGraph('stack', threads);
  let x = graph.input('hidden', 'F32', ['S', spec.hiddenSize]);
  const view = viewInputs(graph, 'none');
  const positions = positionInputs(graph, spec, view);
  const last = graph.input('kept', 'I32', ['U']);
  for (const [layer, block] of blocks.entries()) {
    graph.scope = `layers.${layer}.`;
    const kept = layer === blocks.length - 1 ? last : null;
    const values = { view, scales: view, positions, kept, cache: { kind: 'none' } } as const;
    x = addBlock(graph, x, { ...block, taps: new Map() }, values);
  }
  graph.scope = '';
  graph.node('Identity', [x], { outputs: ['out'] });
  graph.output('out', 'F32', ['U', spec.hiddenSize]);
  return graph.finish();
}
