/**
 * @file The tensors of a model whose hidden states are rotated, x Q in place of x, and whose outputs are what they were (QuaRot, arXiv 2404.00456, §4.1;
 * quant-spec.md B.6 a–c). The gains of the norms go into the layers behind them; an RMSNorm without a gain commutes with Q.
 */
import { Tensor, UnsupportedError } from '@bitcliff/core';
import type { Rotation } from '@bitcliff/quantize';
import type { LinearModule } from '../architecture.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { headTensor } from '../tensor-names.ts';
import { readTensor } from '../weights.ts';

/** A tensor of the rotated model, F32, made when it is asked for. */
export interface RotatedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: () => Promise<Tensor>;
}

/** Inputs of a module role that come from the hidden states by way of a norm; the other roles write to them. */
const READERS: Readonly<Record<LinearModule['role'], 'attentionNorm' | 'mlpNorm' | null>> = {
  'attn.qkv': 'attentionNorm',
  'mlp.up': 'mlpNorm',
  'attn.out': null,
  'mlp.down': null,
};

/**
 * The tensors that a rotation changes, under their names; a tied head becomes a tensor of its own.
 * @param rotation of the hidden size
 * @throws {UnsupportedError} for a model whose hidden states pass anything but RMSNorms
 */
export function rotatedTensors(checkpoint: Checkpoint, rotation: Rotation): RotatedTensor[] {
  checkRotatable(checkpoint);
  const { spec, layout } = checkpoint;
  const { hiddenSize: H, vocabularySize: V } = spec;
  const tensors: RotatedTensor[] = [];
  const put = (
    name: string,
    shape: readonly number[],
    make: () => Promise<Float32Array<ArrayBuffer>>,
  ): void => void tensors.push({ name, shape, data: async () => new Tensor('F32', shape, await make()) });
  const read = (name: string, shape: readonly number[]) => readTensor(checkpoint, name, shape);
  const gainOf = async (name: string | null | undefined): Promise<Float32Array> => {
    if (name == null) return new Float32Array(H).fill(1);
    const stored = await read(name, [H]);
    return spec.norm.unitOffset ? stored.map((g) => g + 1) : stored;
  };
  /** Every row times a gain, then Q, in float64. */
  const rotateRows = (rows: Float32Array, gain?: Float32Array): Float32Array<ArrayBuffer> => {
    const wide = Float64Array.from(rows, (w, i) => (gain === undefined ? w : w * gain[i % H]!));
    return Float32Array.from(rotation.apply(wide));
  };
  /** W [H, in] whose outputs become x Q: Qᵀ W. */
  const rotateOutputs = (weight: Float32Array, K: number): Float32Array<ArrayBuffer> => {
    const columns = new Float64Array(weight.length); // [in, H]
    for (let n = 0; n < H; n++) for (let k = 0; k < K; k++) columns[k * H + n] = weight[n * K + k]!;
    rotation.apply(columns);
    const rotated = new Float32Array(weight.length);
    for (let n = 0; n < H; n++) for (let k = 0; k < K; k++) rotated[n * K + k] = columns[k * H + n]!;
    return rotated;
  };
  const plainGain = async () => new Float32Array(H).fill(spec.norm.unitOffset ? 0 : 1);

  put(layout.embedding, [V, H], async () => rotateRows(await read(layout.embedding, [V, H])));
  for (let layer = 0; layer < spec.layers; layer++) {
    const block = layout.block(layer);
    const norms = { attentionNorm: block.attentionNorm, mlpNorm: block.mlpNorm ?? block.attentionNorm };
    for (const gain of new Set([norms.attentionNorm.gain, norms.mlpNorm.gain]))
      if (gain !== null) put(gain, [H], plainGain);
    for (const { weight, bias, role, inFeatures: K, outFeatures: N } of block.linears) {
      const norm = READERS[role];
      const shape = [N, K];
      if (norm !== null)
        put(weight, shape, async () => rotateRows(await read(weight, shape), await gainOf(norms[norm].gain)));
      else {
        put(weight, shape, async () => rotateOutputs(await read(weight, shape), K));
        if (bias !== null) put(bias, [N], async () => rotateRows(await read(bias, [N])));
      }
    }
  }
  const finalGain = layout.finalNorm?.gain;
  if (finalGain != null) put(finalGain, [H], plainGain);
  put(layout.head.weight, [V, H], async () =>
    rotateRows(await read(headTensor(checkpoint), [V, H]), await gainOf(finalGain)),
  );
  return tensors;
}

function checkRotatable({ spec, layout, path }: Checkpoint): void {
  const { norm, wiring, positions, embedding, hiddenSize } = spec;
  const linears = layout.block(0).linears;
  const problem =
    norm.kind !== 'rms'
      ? 'LayerNorms, which take the mean of the hidden states'
      : wiring === 'postNorm' || wiring === 'outputNorm'
        ? 'norms on what blocks put out, whose gains nothing behind them can take up'
        : positions.kind === 'learned' || layout.embeddingNorm !== null || embedding.width !== hiddenSize
          ? 'hidden states that begin as more than an embedding'
          : linears.some(({ layout, fused }) => layout !== 'outIn' || fused !== null)
            ? 'weights that are not stored [out, in], each by itself'
            : null;
  if (problem === null) return;
  const expected = 'RMSNorms before attention and MLP, as in llama, mistral, qwen2, qwen3 and gemma';
  throw new UnsupportedError({
    op: 'rotateCheckpoint',
    problem: 'the model cannot be rotated',
    expected,
    received: problem,
    path,
  });
}
