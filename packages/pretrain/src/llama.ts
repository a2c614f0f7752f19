import { numpy as np } from '@jax-js/jax';
import type { DecoderInputs, Weights } from './decoder-inputs.ts';
import {
  add,
  attention,
  dropout,
  linear,
  lookUp,
  repeatHeads,
  rmsNorm,
  rotate,
  splitHeads,
  swiGlu,
} from './layers.ts';
import type { LlamaConfig, WeightSpec, WeightSpecs } from './model-config.ts';
import type { Tape, TapeNode } from './tape.ts';

/** Names and shapes of `LlamaForCausalLM`; linear weights are [out, in]. */
export function llamaWeights(config: LlamaConfig): WeightSpecs {
  const { vocabularySize: V, hiddenSize: D, intermediateSize: F, layers, heads, keyValueHeads } = config;
  const kvSize = (D / heads) * keyValueHeads;
  const specs = new Map<string, WeightSpec>();
  const set = (name: string, shape: readonly number[], init: WeightSpec['init']): void =>
    void specs.set(`${name}.weight`, { shape, init });
  set('model.embed_tokens', [V, D], 'normal');
  for (let layer = 0; layer < layers; layer++) {
    const block = `model.layers.${layer}`;
    set(`${block}.input_layernorm`, [D], 'ones');
    set(`${block}.self_attn.q_proj`, [D, D], 'normal');
    set(`${block}.self_attn.k_proj`, [kvSize, D], 'normal');
    set(`${block}.self_attn.v_proj`, [kvSize, D], 'normal');
    set(`${block}.self_attn.o_proj`, [D, D], 'residual');
    set(`${block}.post_attention_layernorm`, [D], 'ones');
    set(`${block}.mlp.gate_proj`, [F, D], 'normal');
    set(`${block}.mlp.up_proj`, [F, D], 'normal');
    set(`${block}.mlp.down_proj`, [D, F], 'residual');
  }
  set('model.norm', [D], 'ones');
  set('lm_head', [V, D], 'normal');
  return specs;
}

/** Cosines and sines of the rotary angles, f32[T, H] each; the two halves of H repeat the same frequencies. */
function rotaryTables(T: number, H: number, theta: number): { cos: np.Array; sin: np.Array } {
  const angles = Float64Array.from({ length: T * H }, (_, i) => {
    const [t, h] = [Math.floor(i / H), i % (H / 2)];
    return t * theta ** ((-2 * h) / H);
  });
  const table = (f: (angle: number) => number): np.Array =>
    np.array(Float32Array.from(angles, f)).reshape([T, H]);
  return { cos: table(Math.cos), sin: table(Math.sin) };
}

/** Logits of a Llama. Positions are relative, so documents later in a window score as in windows of their own. @returns [B, T, V] */
export function llamaLogits(tape: Tape, w: Weights, inputs: DecoderInputs, config: LlamaConfig): TapeNode {
  const { hiddenSize, layers, heads, keyValueHeads, normEpsilon } = config;
  const headDim = hiddenSize / heads;
  const { cos, sin } = rotaryTables(inputs.tokens.shape[1]!, headDim, config.ropeTheta);
  const norm = (x: TapeNode, name: string): TapeNode =>
    rmsNorm(tape, x, w(`${name}.weight`), normEpsilon, inputs.normPrecision);
  const proj = (x: TapeNode, name: string): TapeNode => linear(tape, x, w(`${name}.weight`), undefined, true);
  const drop = (x: TapeNode, place: number): TapeNode => dropout(tape, x, inputs.keep[place], inputs.dropout);
  const rotated = (x: TapeNode, count: number): TapeNode =>
    rotate(tape, splitHeads(tape, x, count, headDim), cos, sin);

  let x = lookUp(tape, w('model.embed_tokens.weight'), inputs.tokens);
  for (let layer = 0; layer < layers; layer++) {
    const block = `model.layers.${layer}`;
    const h = norm(x, `${block}.input_layernorm`);
    const q = rotated(proj(h, `${block}.self_attn.q_proj`), heads);
    const k = rotated(proj(h, `${block}.self_attn.k_proj`), keyValueHeads);
    const v = splitHeads(tape, proj(h, `${block}.self_attn.v_proj`), keyValueHeads, headDim);
    const group = heads / keyValueHeads;
    const mixed = attention(
      tape,
      q,
      repeatHeads(tape, k, group),
      repeatHeads(tape, v, group),
      inputs.visible,
    );
    x = add(tape, x, drop(proj(mixed, `${block}.self_attn.o_proj`), 2 * layer));
    const u = norm(x, `${block}.post_attention_layernorm`);
    const wide = swiGlu(tape, proj(u, `${block}.mlp.gate_proj`), proj(u, `${block}.mlp.up_proj`));
    x = add(tape, x, drop(proj(wide, `${block}.mlp.down_proj`), 2 * layer + 1));
  }
  cos.dispose();
  sin.dispose();
  return linear(tape, norm(x, 'model.norm'), w('lm_head.weight'), undefined, true);
}
