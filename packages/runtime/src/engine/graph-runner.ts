import type { EncodedGraph } from '../graph/weighted-graph.ts';
import { type Ort, type OrtSession, type OrtTensor, toOrtTensor } from './ort.ts';
import { createSession, type SessionOptions } from './session.ts';

/** A graph with its weights, ready to run. */
export interface GraphRunner {
  /** Run with the weights. @param written outputs that are written to these tensors; the others get memory of their own */
  run(
    feeds: Readonly<Record<string, OrtTensor>>,
    written?: Readonly<Record<string, OrtTensor>>,
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
    async create({ model, weights, outputs }) {
      const key = text.decode(model);
      const pending = sessions.get(key) ?? createSession(ort, model, options);
      sessions.set(key, pending);
      const session = await pending;
      const fed: Record<string, OrtTensor> = {};
      for (const [name, tensor] of weights) fed[name] = toOrtTensor(ort, tensor);
      const fetches = Object.fromEntries(outputs.map((name) => [name, null]));
      return {
        run: (feeds, written) => session.run({ ...fed, ...feeds }, { ...fetches, ...written }),
      };
    },
    async dispose() {
      const all = await Promise.allSettled(sessions.values());
      sessions.clear();
      for (const result of all) if (result.status === 'fulfilled') await result.value.release();
    },
  };
}
