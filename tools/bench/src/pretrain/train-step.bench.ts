import { useAllCores } from '@bitcliff/pretrain/threads';
import type { Benchmark } from '../benchmark.ts';
import { interleave } from '../interleave.ts';

const B = 16; // windows of a step
const T = 96; // tokens of a window
const D = 128; // hidden size
const F = 512; // width of the MLP
const V = 1024; // vocabulary
const LAYERS = 3;
const HEADS = 4;
/** Side of the square matrices of the baseline; the rate no longer grows beyond it. */
const SIDE = 512;

/**
 * Floating-point operations of one step, counted by hand: two for each product of a matrix multiplication. A token's forward pass has q, k, v and output
 * projections (4·D²), scores and mixture over all T tokens (2·T·D), the MLP (2·D·F) in each layer, and the head (D·V); the backward pass has twice
 * as many, one product for each operand's gradient. Embeddings, norms, softmax, GELU, loss and optimizer are not counted.
 */
const FLOPS = 3 * B * T * 2 * (LAYERS * (4 * D * D + 2 * T * D + 2 * D * F) + D * V);

/** A training step in each precision, against as many FLOPs of jax-js's own f32 matmul. */
export const trainStep: Benchmark = {
  name: 'pretrain-step',
  title: `a gpt2 of ${LAYERS} layers × ${D}, ${B} windows of ${T} tokens, ${(FLOPS / 1e9).toFixed(2)} GFLOP counted by hand`,
  baseline: `as many FLOPs of np.matmul, ${SIDE} × ${SIDE}, f32`,
  async run(_, options) {
    useAllCores(); // before jax-js is loaded
    const { init, numpy: np, tree } = await import('@jax-js/jax');
    const { createTrainStep, initParams, initState } = await import('@bitcliff/pretrain');
    await init('wasm');
    const model = {
      architecture: 'gpt2',
      vocabularySize: V,
      hiddenSize: D,
      layers: LAYERS,
      heads: HEADS,
      intermediateSize: F,
      sequenceLength: T,
      normEpsilon: 1e-5,
    } as const;
    const optimizer = { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 };
    const ints = (below: number) =>
      np
        .array(
          Int32Array.from({ length: B * T }, (_, i) => (i * 7919) % below),
          { dtype: np.int32 },
        )
        .reshape([B, T]);
    const trained = (precision: 'f32' | 'bf16' | 'fp16') => {
      const step = createTrainStep(model, optimizer, { precision, normPrecision: 'f32', dropout: 0 });
      let state = initState(initParams(model, 0.05, 1));
      return async (): Promise<number> => {
        const batch = {
          tokens: ints(V),
          documents: ints(1),
          positions: ints(T),
          targets: ints(V - 1),
          weights: np.ones([B, T]),
        };
        const rates = np.array([1e-4, 0.1, 0.02]);
        const key = np.array(Uint32Array.of(1, 1), { dtype: np.uint32 });
        const result = step(state, batch, rates, np.array(1), key);
        state = result.state;
        result.gradientNorm.dispose();
        for (const array of tree.leaves(state)) await (array as typeof rates).blockUntilReady();
        return ((await result.loss.data()) as Float32Array)[0]!;
      };
    };
    const side = (): number[] => Array.from({ length: SIDE * SIDE }, (_, i) => (i % 17) / 17);
    const [a, b] = [np.array(side()).reshape([SIDE, SIDE]), np.array(side()).reshape([SIDE, SIDE])];
    const products = FLOPS / (2 * SIDE ** 3);
    const matmul = async (): Promise<number> => {
      let last = 0;
      // the rest of a product, as rows
      for (let left = products; left > 0; left--) {
        const rows = left >= 1 ? a.ref : a.ref.slice([0, Math.max(1, Math.round(left * SIDE))]);
        last = ((await np.matmul(rows, b.ref).data()) as Float32Array)[0]!;
      }
      return last;
    };
    const contenders = { matmul, f32: trained('f32'), bf16: trained('bf16'), fp16: trained('fp16') };
    const result = await interleave(contenders, 'matmul', { ...options, rounds: options.rounds ?? 9 });
    for (const { name, milliseconds } of result.ratios) {
      const rate = `${((B * T * 1000) / milliseconds).toFixed(0)} tokens/s, ${(FLOPS / 1e6 / milliseconds).toFixed(1)} GFLOP/s`;
      console.error(`  ${name}: ${milliseconds.toFixed(0)} ms a step, ${rate}`);
    }
    return result;
  },
};
