import { UnsupportedError } from '@bitcliff/core';
import type { OnnxExternalData } from '@bitcliff/formats/onnx';
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

/** How one graph is loaded. */
export interface LoadOptions extends SessionOptions {
  /** A loaded graph keeps the memory of its runs for the next. @default true */
  readonly keepMemory?: boolean | undefined;
  /** Constants that are not in the model. @default none */
  readonly externalData?: readonly OnnxExternalData[];
}

/**
 * Load a graph.
 * Idle threads do not spin: every loaded graph has a pool of its own, and spinning pools take the cores from the one that works
 * (1.8 times as long on two cores: the benchmark `idle-threads` of tools/bench). Spinning within runs alone does not
 * pay: docs/footguns.md.
 * @throws {UnsupportedError} when ONNX Runtime refuses the graph
 */
export async function createSession(ort: Ort, model: Uint8Array, options: LoadOptions): Promise<OrtSession> {
  try {
    return await ort.InferenceSession.create(model, {
      executionProviders: [...(options.executionProviders ?? ['cpu'])],
      graphOptimizationLevel: 'all',
      ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
      enableCpuMemArena: options.keepMemory ?? true,
      ...(options.externalData?.length ? { externalData: options.externalData } : {}),
      extra: { session: { intra_op: { allow_spinning: '0' } } },
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
