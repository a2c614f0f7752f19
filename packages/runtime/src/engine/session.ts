import { UnsupportedError } from '@bitcliff/core';
import type { EncodedGraph } from '../graph/encoded-graph.ts';
import type { Ort, OrtSession } from './ort.ts';

/** How graphs are run. */
export interface SessionOptions {
  /** Threads inside one operator; `undefined` lets ONNX Runtime take the physical cores. */
  readonly threads?: number | undefined;
}

/**
 * Load a graph.
 * `session.x64quantprecision` makes the u8 × s8 product exact on x86 processors without VNNI, where the fast kernel would saturate.
 * Idle threads do not spin: every loaded graph has a pool of its own, and spinning pools take the cores from the one that works
 * (1.8 times as long on two cores: the benchmark `idle-threads` of tools/bench).
 * @throws {UnsupportedError} when ONNX Runtime refuses the graph
 */
export async function createSession(
  ort: Ort,
  graph: EncodedGraph,
  options: SessionOptions,
): Promise<OrtSession> {
  try {
    return await ort.InferenceSession.create(graph.model, {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'all',
      ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
      externalData: [...graph.externalData],
      extra: { session: { x64quantprecision: '1', intra_op: { allow_spinning: '0' } } },
    });
  } catch (cause) {
    throw new UnsupportedError({
      op: 'createSession',
      problem: 'ONNX Runtime refused the graph',
      received: cause instanceof Error ? cause.message : String(cause),
      hint: 'onnxruntime-node 1.23 or newer is needed',
      cause,
    });
  }
}
