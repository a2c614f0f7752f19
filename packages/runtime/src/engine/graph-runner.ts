import { type EncodedGraph, WeightedGraph } from '../graph/weighted-graph.ts';
import { type Ort, type OrtSession, type OrtTensor, toOrtTensor } from './ort.ts';
import { createSession, type LoadOptions } from './session.ts';

/** A graph with its weights, ready to run. */
export interface GraphRunner {
  /** Run with the weights. @param written f32 outputs that are written to these tensors; the others get memory of their own */
  run(
    feeds: Readonly<Record<string, OrtTensor>>,
    written?: Readonly<Record<string, OrtTensor>>,
  ): Promise<Readonly<Record<string, OrtTensor>>>;
}

/** Loads graphs. Those with equal models and no constants beside them share one session: they differ in what they are fed only. */
export interface GraphRunners {
  /** Threads inside one operator, at most. */
  readonly threads: number;
  create(graph: EncodedGraph): Promise<GraphRunner>;
  dispose(): Promise<void>;
}

/** Loaded graphs of one engine. */
export function createGraphRunners(ort: Ort, options: LoadOptions): GraphRunners {
  const sessions = new Map<string, Promise<OrtSession>>();
  const unshared: Promise<OrtSession>[] = []; // with constants of their own
  const text = new TextDecoder('latin1');
  const load = (model: Uint8Array, externalData: LoadOptions['externalData'] = []): Promise<OrtSession> => {
    if (externalData.length > 0) {
      const session = createSession(ort, model, { ...options, externalData });
      unshared.push(session);
      return session;
    }
    const key = text.decode(model);
    const session = sessions.get(key) ?? createSession(ort, model, options);
    sessions.set(key, session);
    return session;
  };
  let probe: Promise<boolean> | undefined;
  const writesInPlace = (): Promise<boolean> => (probe ??= load(buildProbe().model).then(probeWriting(ort)));

  return {
    threads: options.threads ?? globalThis.navigator?.hardwareConcurrency ?? 1,
    async create({ model, weights, externalData, outputs }) {
      const session = await load(model, externalData);
      const fed: Record<string, OrtTensor> = {};
      for (const [name, tensor] of weights) fed[name] = toOrtTensor(ort, tensor);
      const fetches = Object.fromEntries(outputs.map((name) => [name, null]));
      return {
        async run(feeds, written) {
          const inputs = { ...fed, ...feeds };
          if (written === undefined) return session.run(inputs, fetches);
          if (await writesInPlace()) return session.run(inputs, { ...fetches, ...written });
          const results = await session.run(inputs, fetches);
          for (const [name, { data }] of Object.entries(written))
            (data as Float32Array).set(results[name]!.data as Float32Array);
          return { ...results, ...written };
        },
      };
    },
    async dispose() {
      const all = await Promise.allSettled([...sessions.values(), ...unshared.splice(0)]);
      sessions.clear();
      for (const result of all) if (result.status === 'fulfilled') await result.value.release();
    },
  };
}

function buildProbe(): EncodedGraph {
  const graph = new WeightedGraph('probe');
  graph.node('Neg', [graph.input('x', 'F32', [1])], { outputs: ['y'] });
  graph.output('y', 'F32', [1]);
  return graph.finish();
}

/** onnxruntime-web leaves tensors that it is given for outputs as they were (microsoft/onnxruntime#25786). */
function probeWriting(ort: Ort): (session: OrtSession) => Promise<boolean> {
  return async (session) => {
    const y = new Float32Array(1);
    await session.run(
      { x: new ort.Tensor('float32', Float32Array.of(1), [1]) },
      { y: new ort.Tensor('float32', y, [1]) },
    );
    return y[0] === -1;
  };
}
