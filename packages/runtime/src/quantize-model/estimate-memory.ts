/** @file What quantizing a model takes in memory: arrays that live at the same time, counted. tools/bench measures it (`quantize-model-memory-*`). */
import { type LinearPolicy, MODULE_ROLES, policyFor, type Recipe } from '@bitcliff/quantize';
import type { LinearModule } from '../architecture.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { neededMemory } from '../engine/memory-plan.ts';
import { gramBlockBytes } from '../graph/gram-blocks.ts';

/** Bytes at the peak of `quantizeModel`, blocks kept on disk. */
export interface QuantizeModelMemory {
  /** JavaScript, ONNX Runtime, buffers of the file system. */
  readonly process: number;
  /** Arrays that nothing holds and that are not collected yet. */
  readonly garbage: number;
  /** The weights of a block, and those of the block before it. */
  readonly weights: number;
  /** Codes and dequantized weights of these two. */
  readonly results: number;
  /** Sums over the calibration tokens, of one block. */
  readonly statistics: number;
  /** What the hungriest of the methods works on. */
  readonly method: number;
  /** One sequence on its way through a block. */
  readonly row: number;
  /** The hidden states of all sequences; what does not fit a budget goes to a scratch file. */
  readonly hidden: number;
  readonly total: number;
}

/** V8 collects array buffers when some 64 MiB of them have become garbage, and not all of it goes back to the system. Measured on a 160M model: 80 to 150 MiB. */
const GARBAGE_BYTES = 160 * 2 ** 20;

/** @param calibration sequences and the tokens of the longest; none: 0 sequences */
export function quantizeModelMemory(
  checkpoint: Checkpoint,
  recipe: Recipe,
  { sequences, length }: { readonly sequences: number; readonly length: number },
): QuantizeModelMemory {
  const { spec, layout } = checkpoint;
  const measured = sequences > 0;
  const needs = neededMemory(checkpoint, { variants: 1, rowLength: Math.max(2, length) });
  let [block, method] = [0, 0];
  for (let layer = 0; layer < spec.layers; layer++) {
    const { linears } = layout.block(layer);
    block = Math.max(
      block,
      linears.reduce((sum, { inFeatures: K, outFeatures: N }) => sum + K * N, 0),
    );
    for (const module of linears) {
      const { weight: name, role } = module;
      const policy = policyFor(recipe, { name, role, layer, layers: spec.layers });
      const group = linears.filter((other) => other.role === role);
      method = Math.max(method, methodBytes(module, group, policy, measured));
    }
  }
  const inputs = MODULE_ROLES.map(
    (own) => layout.block(0).linears.find(({ role }) => role === own)!.inFeatures,
  );
  const parts = {
    process: needs.process,
    garbage: GARBAGE_BYTES,
    weights: 2 * 4 * block,
    results: 2 * 5 * block, // f32, and a byte of code
    statistics: measured ? inputs.reduce((sum, K) => sum + 8 * K * K + gramBlockBytes(K), 0) : 0,
    method,
    row: measured ? needs.row : 0,
    hidden: 4 * sequences * length * spec.hiddenSize,
  };
  return { ...parts, total: Object.values(parts).reduce((a, b) => a + b) };
}

/** One layer W [K, N]: W [in, out] of all layers that it is quantized with, what its method makes of it, and its report. */
function methodBytes(
  { inFeatures: K, outFeatures: N }: LinearModule,
  group: readonly LinearModule[],
  policy: LinearPolicy | null,
  measured: boolean,
): number {
  if (policy === null) return 0;
  const transposed = group.reduce((sum, { outFeatures }) => sum + 4 * K * outFeatures, 0);
  const form = measured ? 4 * K * K : 0; // of the errors of outputs
  const rounding = 9 * K * N; // f32 in, a byte of code, f32 out
  switch (policy.method.name) {
    case 'gptq':
      // H and its factor in f64; W in f64 and f32, codes
      return transposed + Math.max(16 * K * K + 13 * K * N, form + rounding);
    case 'awq':
      return transposed + form + 2 * rounding; // a candidate, and the one before it
    default:
      return transposed + form + rounding;
  }
}
