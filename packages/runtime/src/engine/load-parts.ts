/** @file Loading the parts of a model that the engine runs: its blocks, one graph per variant, and its head. */
import type { Kernels } from '@bitcliff/kernels';
import { quantizeLinear, type Recipe } from '@bitcliff/quantize';
import type { LinearPlace } from '../architecture.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { buildBlockGraph } from '../graph/block-graph.ts';
import { buildEmbeddingGraph } from '../graph/embedding-graph.ts';
import { type EncodedGraph, graphBytes } from '../graph/encoded-graph.ts';
import { buildHeadGraph, type HeadOutput } from '../graph/head-graph.ts';
import type { GraphLinear } from '../graph/linear-graph.ts';
import { type BlockWeights, type EmbeddingWeights, readBlock, readEmbedding, readHead } from '../weights.ts';
import type { Ort, OrtSession } from './ort.ts';
import type { Loaded } from './resident-cache.ts';
import { createSession, type SessionOptions } from './session.ts';

/** The embedding: tables that are looked up here, and a graph for what else there is to do. */
export interface LoadedEmbedding {
  readonly weights: EmbeddingWeights;
  readonly session: OrtSession | null;
}

/** Loads parts of one checkpoint. */
export interface PartLoader {
  embedding(): Promise<Loaded<LoadedEmbedding>>;
  /** One session per variant, in order; the block's weights are read once for all of them. @param layer 0-based */
  block(layer: number): Promise<Loaded<readonly OrtSession[]>>;
  head(output: HeadOutput): Promise<Loaded<OrtSession>>;
}

/** @param variants a recipe each; `null` is the unquantized model */
export function createPartLoader(
  checkpoint: Checkpoint,
  variants: readonly (Recipe | null)[],
  options: SessionOptions & { readonly ort: Ort; readonly kernels: Kernels },
): PartLoader {
  const { spec } = checkpoint;
  const loadGraph = async (graph: EncodedGraph): Promise<Loaded<OrtSession>> => {
    const session = await createSession(options.ort, graph, options);
    return { value: session, bytes: graphBytes(graph), dispose: () => session.release() };
  };

  return {
    async embedding() {
      const weights = await readEmbedding(checkpoint);
      const graph = buildEmbeddingGraph(spec, weights);
      const loaded = graph === null ? null : await loadGraph(graph);
      return {
        value: { weights, session: loaded?.value ?? null },
        bytes: weights.table.byteLength + (weights.positions?.byteLength ?? 0) + (loaded?.bytes ?? 0),
        dispose: async () => loaded?.dispose(),
      };
    },
    async block(layer) {
      const weights = await readBlock(checkpoint, layer);
      const loaded: Loaded<OrtSession>[] = [];
      const dispose = async (): Promise<void> => {
        for (const graph of loaded) await graph.dispose();
      };
      try {
        for (const recipe of variants) {
          const linears = await quantizeBlock(weights, recipe, options.kernels);
          loaded.push(await loadGraph(buildBlockGraph({ ...weights, spec, linears })));
        }
      } catch (error) {
        await dispose();
        throw error;
      }
      const bytes = loaded.reduce((sum, graph) => sum + graph.bytes, 0);
      return { value: loaded.map(({ value }) => value), bytes, dispose };
    },
    async head(output) {
      return loadGraph(buildHeadGraph(spec, await readHead(checkpoint), output));
    },
  };
}

async function quantizeBlock(
  weights: BlockWeights,
  recipe: Recipe | null,
  kernels: Kernels,
): Promise<Map<LinearPlace, GraphLinear>> {
  const linears = new Map<LinearPlace, GraphLinear>();
  for (const { module, weight, bias } of weights.linears) {
    const policy = recipe?.roles[module.role] ?? null;
    linears.set(module.place, {
      name: module.place,
      inFeatures: module.inFeatures,
      outFeatures: module.outFeatures,
      weights: await quantizeLinear(weight, policy, { kernels, name: module.weight }),
      bias,
    });
  }
  return linears;
}
