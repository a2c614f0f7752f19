/** @file What quantizing a model costs, before it is done: counted operations, a short probe of the machine, and memory. */
import { Tensor } from '@bitcliff/core';
import {
  calibrationNeeds,
  createGramForm,
  fakeQuantize,
  type LinearPolicy,
  policyFor,
  type Recipe,
} from '@bitcliff/quantize';
import type { Checkpoint } from '../checkpoint.ts';
import { createGraphRunners } from '../engine/graph-runner.ts';
import { neededMemory } from '../engine/memory-plan.ts';
import type { Ort } from '../engine/ort.ts';
import type { SessionOptions } from '../engine/session.ts';
import { WeightedGraph } from '../graph/weighted-graph.ts';

/** What has to be done. */
export interface QuantizeModelWork {
  /** Floating-point operations of the model on the calibration tokens, in ONNX Runtime. */
  readonly modelOperations: number;
  /** Floating-point operations of the methods and reports, in the kernels. */
  readonly methodOperations: number;
  /** Weights that are rounded, as often as they are. */
  readonly roundedWeights: number;
  /** Bytes of the process at its peak, hidden states in memory. */
  readonly peakBytes: number;
}

/** What a machine does in a second. */
export interface MachineRates {
  readonly modelOperations: number;
  readonly methodOperations: number;
  readonly roundedWeights: number;
}

/** Clip candidates of AWQ: factors 1.00, 0.95, … 0.55 (quant-spec.md B.1 step 5). */
const CLIP_CANDIDATES = 10;

/**
 * Count the work of `quantizeModel`.
 * @param calibration sequences and the tokens of each; none: 0 sequences
 */
export function quantizeModelWork(
  checkpoint: Checkpoint,
  recipe: Recipe,
  calibration: { readonly sequences: number; readonly length: number },
): QuantizeModelWork {
  const { spec, layout } = checkpoint;
  const { hiddenSize: H, attention } = spec;
  const { sequences, length: S } = calibration;
  const T = sequences * S;
  let [modelOperations, methodOperations, roundedWeights] = [0, 0, 0];
  let [gram, largest] = [0, 0];
  for (let layer = 0; layer < spec.layers; layer++) {
    let weights = 0;
    let passes = 1;
    const inputs = new Map<string, number>();
    for (const { weight, role, inFeatures: K, outFeatures: N } of layout.block(layer).linears) {
      const policy = policyFor(recipe, { name: weight, role, layer, layers: spec.layers });
      if (calibrationNeeds(policy)?.propagate === 'quantized' && layer + 1 < spec.layers) passes = 2;
      weights += K * N;
      inputs.set(role, K);
      const own = methodWork(policy, { K, N, measured: T > 0 });
      methodOperations += own.operations;
      roundedWeights += own.rounded;
    }
    modelOperations += passes * T * (2 * weights + 4 * S * attention.heads * attention.headDim);
    for (const K of inputs.values()) modelOperations += T * 2 * K * K;
    gram = 0;
    for (const K of inputs.values()) gram += 8 * K * K; // f64
    largest = Math.max(...inputs.values());
  }
  const needs = neededMemory(checkpoint, { variants: 2, rowLength: Math.max(2, S) });
  // the Gram matrix of each role, and three of the largest that a method works on
  const matrices = T === 0 ? 0 : gram + 3 * 8 * largest ** 2;
  return {
    modelOperations,
    methodOperations,
    roundedWeights,
    peakBytes: needs.total + 4 * T * H + matrices,
  };
}

/** One linear layer W [K, N]. @param options.measured whether output errors are reported */
function methodWork(
  policy: LinearPolicy | null,
  { K, N, measured }: { K: number; N: number; measured: boolean },
): { operations: number; rounded: number } {
  if (policy === null) return { operations: 0, rounded: 0 };
  const form = K * K * N; // tr(Dᵀ G D) over half of a symmetric G
  const { method, weights } = policy;
  const report = measured ? 3 * form : 0;
  const group = 'groupSize' in weights ? (weights.groupSize ?? K) : K;
  switch (method.name) {
    case 'awq': {
      const candidates = method.scaling === 'none' ? 1 : method.gridPoints + 1;
      const clip = method.clip === 'none' ? 0 : CLIP_CANDIDATES;
      return {
        operations: report + candidates * form + clip * K * Math.min(group, K) * N,
        rounded: (candidates + clip + 1) * K * N,
      };
    }
    case 'gptq':
      return { operations: report + form + 3 * K ** 3, rounded: 2 * K * N };
    case 'hqq':
      return { operations: report, rounded: method.iterations * K * N };
    default:
      return { operations: report, rounded: K * N };
  }
}

/** Side of the probe's matrices. */
const PROBE = 512;
/** Seconds that each rate is measured for. */
const PROBE_SECONDS = 0.2;

/** Measure what this machine does in a second, in about a second. */
export async function probeMachine(ort: Ort, options: SessionOptions = {}): Promise<MachineRates> {
  const data = Float32Array.from({ length: PROBE * PROBE }, (_, i) => Math.sin(i));
  const graph = new WeightedGraph('probe');
  const x = graph.input('x', 'F32', [PROBE, PROBE]);
  const w = graph.weight('w', new Tensor('F32', [PROBE, PROBE], data));
  graph.output(graph.node('Gemm', [x, w]), 'F32', [PROBE, PROBE]);
  const runners = createGraphRunners(ort, options);
  try {
    const runner = await runners.create(graph.finish());
    const input = { x: new ort.Tensor('float32', data, [PROBE, PROBE]) };
    const form = createGramForm(data, PROBE);
    const scheme = {
      kind: 'integer',
      bits: 4,
      symmetric: false,
      grid: 'awq',
      granularity: 'perGroup',
      groupSize: 128,
      rounding: 'halfToEven',
      scaleDtype: 'F16',
    } as const;
    return {
      modelOperations: 2 * PROBE ** 3 * (await perSecond(() => runner.run(input))),
      methodOperations: PROBE ** 3 * (await perSecond(() => form.total(data, PROBE))),
      roundedWeights:
        PROBE ** 2 * (await perSecond(() => fakeQuantize({ data, rows: PROBE, columns: PROBE }, scheme))),
    };
  } finally {
    await runners.dispose();
  }
}

/** How often something is done in a second; the first time does not count. */
async function perSecond(work: () => unknown): Promise<number> {
  await work();
  const start = performance.now();
  let count = 0;
  let seconds = 0;
  while (seconds < PROBE_SECONDS) {
    await work();
    count++;
    seconds = (performance.now() - start) / 1000;
  }
  return count / seconds;
}

/** Seconds that some work takes at some rates. */
export function estimateSeconds(work: QuantizeModelWork, rates: MachineRates): number {
  return (
    work.modelOperations / rates.modelOperations +
    work.methodOperations / rates.methodOperations +
    work.roundedWeights / rates.roundedWeights
  );
}
