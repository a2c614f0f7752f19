/**
 * @file The blocks of a model as loaded graphs, one per variant. A block's weights are read once for all variants. Blocks stay
 * loaded between passes while they fit their share of memory; the others are built again when they are needed.
 */
import type { Kernels } from '@bitcliff/kernels';
import { quantizeLinear, type Recipe } from '@bitcliff/quantize';
import type { LinearPlace } from '../architecture.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { buildBlockGraph } from '../graph/block-graph.ts';
import type { EncodedGraph } from '../graph/encoded-graph.ts';
import type { GraphLinear } from '../graph/linear-graph.ts';
import { rotaryTables } from '../rotary.ts';
import { type BlockWeights, readBlock } from '../weights.ts';
import type { Ort, OrtSession } from './ort.ts';
import { createSession, type SessionOptions } from './session.ts';

/** Hands out blocks. */
export interface BlockStore {
  /** Run `use` with the sessions of a block, one per variant in order. */
  withBlock<T>(layer: number, use: (sessions: readonly OrtSession[]) => Promise<T>): Promise<T>;
  dispose(): Promise<void>;
}

/**
 * @param variants a recipe each; `null` is the unquantized model
 * @param options.residentBytes weights that may stay loaded
 */
export function createBlockStore(
  checkpoint: Checkpoint,
  variants: readonly (Recipe | null)[],
  options: SessionOptions & { ort: Ort; kernels: Kernels; residentBytes: number },
): BlockStore {
  const resident = new Map<number, readonly OrtSession[]>();
  let residentBytes = 0;
  const rotary = rotaryTables(checkpoint.spec, checkpoint.spec.maxPositions);

  const load = async (layer: number): Promise<{ sessions: OrtSession[]; bytes: number }> => {
    const weights = await readBlock(checkpoint, layer);
    const sessions: OrtSession[] = [];
    let bytes = 0;
    try {
      for (const recipe of variants) {
        const linears = await quantizeBlock(weights, recipe, options.kernels);
        const graph = buildBlockGraph({ spec: checkpoint.spec, norms: weights.norms, linears, rotary });
        bytes += graphBytes(graph);
        sessions.push(await createSession(options.ort, graph, options));
      }
    } catch (error) {
      for (const session of sessions) await session.release();
      throw error;
    }
    return { sessions, bytes };
  };

  return {
    async withBlock(layer, use) {
      const kept = resident.get(layer);
      if (kept !== undefined) return use(kept);
      const { sessions, bytes } = await load(layer);
      const keep = residentBytes + bytes <= options.residentBytes;
      if (keep) {
        resident.set(layer, sessions);
        residentBytes += bytes;
      }
      try {
        return await use(sessions);
      } finally {
        if (!keep) for (const session of sessions) await session.release();
      }
    },
    async dispose() {
      for (const sessions of resident.values()) for (const session of sessions) await session.release();
      resident.clear();
      residentBytes = 0;
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

function graphBytes(graph: EncodedGraph): number {
  return graph.externalData.reduce((sum, file) => sum + file.data.byteLength, graph.model.byteLength);
}
