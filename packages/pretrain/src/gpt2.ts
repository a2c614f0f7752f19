import type { DecoderInputs, Weights } from './decoder-inputs.ts';
import { add, attention, dropout, gelu, layerNorm, linear, lookUp, splitHeads } from './layers.ts';
import type { Gpt2Config, WeightSpec, WeightSpecs } from './model-config.ts';
import type { Tape, TapeNode } from './tape.ts';

/** Names and shapes of `GPT2LMHeadModel`; linear weights are [in, out] (Conv1D). */
export function gpt2Weights(config: Gpt2Config): WeightSpecs {
  const { vocabularySize: V, hiddenSize: D, intermediateSize: F, layers, sequenceLength: T } = config;
  const specs = new Map<string, WeightSpec>();
  const norm = (name: string): void => {
    specs.set(`${name}.weight`, { shape: [D], init: 'ones' });
    specs.set(`${name}.bias`, { shape: [D], init: 'zeros' });
  };
  const conv = (name: string, size: number, out: number, init: 'normal' | 'residual'): void => {
    specs.set(`${name}.weight`, { shape: [size, out], init });
    specs.set(`${name}.bias`, { shape: [out], init: 'zeros' });
  };
  specs.set('transformer.wte.weight', { shape: [V, D], init: 'normal' });
  specs.set('transformer.wpe.weight', { shape: [T, D], init: 'normal' });
  for (let layer = 0; layer < layers; layer++) {
    const block = `transformer.h.${layer}`;
    norm(`${block}.ln_1`);
    conv(`${block}.attn.c_attn`, D, 3 * D, 'normal');
    conv(`${block}.attn.c_proj`, D, D, 'residual');
    norm(`${block}.ln_2`);
    conv(`${block}.mlp.c_fc`, D, F, 'normal');
    conv(`${block}.mlp.c_proj`, F, D, 'residual');
  }
  norm('transformer.ln_f');
  specs.set('lm_head.weight', { shape: [V, D], init: 'normal' });
  return specs;
}

/** Logits of a GPT-2. @returns [B, T, V] */
export function gpt2Logits(tape: Tape, w: Weights, inputs: DecoderInputs, config: Gpt2Config): TapeNode {
  const { hiddenSize, layers, heads, normEpsilon } = config;
  const headDim = hiddenSize / heads;
  const norm = (x: TapeNode, name: string): TapeNode =>
    layerNorm(tape, x, w(`${name}.weight`), w(`${name}.bias`), normEpsilon, inputs.normPrecision);
  const conv = (x: TapeNode, name: string): TapeNode =>
    linear(tape, x, w(`${name}.weight`), w(`${name}.bias`));
  const drop = (x: TapeNode, place: number): TapeNode => dropout(tape, x, inputs.keep[place], inputs.dropout);

  const tokens = lookUp(tape, w('transformer.wte.weight'), inputs.tokens);
  let x = add(tape, tokens, lookUp(tape, w('transformer.wpe.weight'), inputs.positions));
  for (let layer = 0; layer < layers; layer++) {
    const block = `transformer.h.${layer}`;
    const qkv = conv(norm(x, `${block}.ln_1`), `${block}.attn.c_attn`); // [B, T, 3·D]
    const [q, k, v] = [0, 1, 2].map((part) => splitHeads(tape, qkv, heads, headDim, part)) as [
      TapeNode,
      TapeNode,
      TapeNode,
    ];
    const mixed = attention(tape, q, k, v, inputs.visible);
    x = add(tape, x, drop(conv(mixed, `${block}.attn.c_proj`), 2 * layer));
    const wide = gelu(tape, conv(norm(x, `${block}.ln_2`), `${block}.mlp.c_fc`));
    x = add(tape, x, drop(conv(wide, `${block}.mlp.c_proj`), 2 * layer + 1));
  }
  return linear(tape, norm(x, 'transformer.ln_f'), w('lm_head.weight'), undefined, true);
}
