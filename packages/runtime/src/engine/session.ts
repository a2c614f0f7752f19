import { UnsupportedError } from '@bitcliff/core';
import type { Ort, OrtSession } from './ort.ts';

/** How graphs are run. */
export interface SessionOptions {
  /** Threads inside one operator; `undefined` lets ONNX Runtime take the physical cores. In a browser `ort.env.wasm.numThreads` says it instead. */
  readonly threads?: number | undefined;
  /**
   * Execution providers of ONNX Runtime in order of preference, as its `InferenceSession.create` takes them: `['cuda', 'cpu']` where the CUDA
   * build is installed, `['wasm']` in a browser. @default ['cpu']
   */
  readonly executionProviders?: readonly string[] | undefined;
}

/** How long a thread waits for work without giving up its core: longer than most of the operators that run on one thread, and short for others who want the core. */
const SPIN_MICROSECONDS = 50;

/**
 * Load a graph.
 * Threads wait for the next operator awake, because waking them for each takes a few percent of a block, but not for the next run: every loaded graph has
 * a pool of its own, and idle pools that spin take the cores from the one that works (1.8 times as long on two cores: the benchmark
 * `idle-threads` of tools/bench).
 * @throws {UnsupportedError} when ONNX Runtime refuses the graph
 */
export async function createSession(
  ort: Ort,
  model: Uint8Array,
  options: SessionOptions,
): Promise<OrtSession> {
  try {
    return await ort.InferenceSession.create(model, {
      executionProviders: [...(options.executionProviders ?? ['cpu'])],
      graphOptimizationLevel: 'all',
      ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
      extra: {
        session: {
          intra_op: { allow_spinning: '1', spin_duration_us: String(SPIN_MICROSECONDS) },
          force_spinning_stop: '1',
        },
      },
    });
  } catch (cause) {
    throw new UnsupportedError({
      op: 'createSession',
      problem: 'ONNX Runtime refused the graph',
      received: cause instanceof Error ? cause.message : String(cause),
      hint: 'onnxruntime-node 1.24 or onnxruntime-web 1.30 or newer is needed, and the execution providers must be installed',
      cause,
    });
  }
}
