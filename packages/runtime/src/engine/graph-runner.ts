import type { EncodedGraph } from '../graph/weighted-graph.ts';
import { type Ort, type OrtSession, type OrtTensor, toOrtTensor } from './ort.ts';
import { createSession, type SessionOptions } from './session.ts';

/** A graph with its weights, ready to run. */
export interface GraphRunner {
  /** @param outputs the outputs to take, each with a tensor to write to or `null` for memory of its own; all of them if left out */
  run(
    feeds: Readonly<Record<string, OrtTensor>>,
    outputs?: Readonly<Record<string, OrtTensor | null>>,
  ): Promise<Readonly<Record<string, OrtTensor>>>;
}

/** Loads graphs. Those with equal models share one session: they differ in their weights only. */
export interface GraphRunners {
  create(graph: EncodedGraph): Promise<GraphRunner>;
  dispose(): Promise<void>;
}

/** Loaded graphs of one engine. */
export function createGraphRunners(ort: Ort, options: SessionOptions): GraphRunners {
  const sessions = new Map<string, Promise<OrtSession>>();
  const text = new TextDecoder('latin1');
  return {
    async create({ model, weights }) {
      const key = text.decode(model);
      const pending = sessions.get(key) ?? createSession(ort, model, options);
      sessions.set(key, pending);
      const session = await pending;
      const fed: Record<string, OrtTensor> = {};
      for (const [name, tensor] of weights) fed[name] = toOrtTensor(ort, tensor);
      return {
        run(feeds, outputs) {
          const all = { ...fed, ...feeds };
          return outputs === undefined ? session.run(all) : session.run(all, outputs);
        },
      };
    },
    async dispose() {
      const all = await Promise.allSettled(sessions.values());
      sessions.clear();
      for (const result of all) if (result.status === 'fulfilled') await result.value.release();
    },
  };
}
