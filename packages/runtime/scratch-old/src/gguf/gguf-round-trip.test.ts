import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dequantizeBlocks, type QuantizableType, quantizeBlocks, readNpy } from '@bitcliff/formats';
import * as ort from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GOLDEN_MODELS, type Golden, goldenFolder, maxDifference } from '../../test/helpers/golden.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { createEngine } from '../engine/engine.ts';
import { openCheckpoint } from '../open-checkpoint.node.ts';
import { referenceForward } from '../reference/reference-forward.ts';
import { writeGgufCheckpoint } from './write-gguf-checkpoint.node.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-gguf-'));
});
afterEach(async () => rm(folder, { recursive: true, force: true }));

const shared = process.env.BITCLIFF_SHARED;
/** Every golden model of the four families: those of the package, or with BITCLIFF_SHARED all that there are. */
const FOLDERS = (
  shared === undefined
    ? GOLDEN_MODELS.map(goldenFolder)
    : readdirSync(`${shared}/golden/models`).map((name) => `${shared}/golden/models/${name}`)
).filter((path) => /\/(llama|gpt2|gpt_neox|qwen2)[^/]*$/.test(path) && !path.endsWith('window_upper_layers'));

/** Logits of all golden sequences, by the oracle. */
async function oracleLogits(checkpoint: Checkpoint, golden: Golden): Promise<Float64Array[]> {
  const all: Float64Array[] = [];
  for (const { input_ids } of golden.sequences)
    all.push((await referenceForward(checkpoint, input_ids)).logits);
  return all;
}

describe.each(FOLDERS)('%s', (path) => {
  const golden: Golden = JSON.parse(readFileSync(`${path}/golden/golden.json`, 'utf8'));

  it('as F32 GGUF gives the golden logits, by oracle and engine', async () => {
    const source = await openCheckpoint(path);
    const file = join(folder, 'model.gguf');
    const { fallbacks } = await writeGgufCheckpoint(source, file, { type: 'F32' });
    expect(fallbacks).toEqual([]);
    const checkpoint = await openCheckpoint(file);
    expect({ ...checkpoint.spec, head: 0, positions: 0 }).toEqual({ ...source.spec, head: 0, positions: 0 });
    const engine = await createEngine(checkpoint, { ort });
    for (const { id, input_ids } of golden.sequences) {
      const expected = readNpy(readFileSync(`${path}/golden/${id}_logits.npy`)).data as Float32Array;
      const oracle = (await referenceForward(checkpoint, input_ids)).logits;
      const ofOracle = maxDifference(oracle, expected);
      expect(ofOracle, `max |diff| of ${id}, oracle ${ofOracle}`).toBeLessThan(1e-5);
      const largest = oracle.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
      const ofEngine = maxDifference((await engine.logits(input_ids))[0]!.logits, oracle) / largest;
      expect(ofEngine, `max relative |diff| of ${id}, engine ${ofEngine}`).toBeLessThan(1e-5);
    }
    await engine.dispose();
    await checkpoint.close();
    await source.close();
  });

  it.each<QuantizableType>(['Q8_0', 'Q4_0', 'Q4_K'])(
    'as %s gives the logits of weights that went through the type',
    async (type) => {
      const source = await openCheckpoint(path);
      const file = join(folder, 'model.gguf');
      const { types } = await writeGgufCheckpoint(source, file, { type });
      const checkpoint = await openCheckpoint(file);
      const rounded = roundWeights(source, typeOf(types));
      const [own, expected] = [await oracleLogits(checkpoint, golden), await oracleLogits(rounded, golden)];
      for (const [s, logits] of own.entries()) {
        const worst = maxDifference(logits, expected[s]!);
        expect(worst, `max |diff| of sequence ${s} ${worst}`).toBeLessThan(1e-5);
      }
      await checkpoint.close();
      await source.close();
    },
  );
});

/** How a tensor of the Hugging Face checkpoint is stored in the file, told by the end of its name. */
type TypeOf = (name: string) => QuantizableType;

const PLACES: readonly [RegExp, string][] = [
  [/(embed_tokens|wte|embed_in)\.weight$/, 'token_embd.weight'],
  [/(lm_head|embed_out)\.weight$/, 'output.weight'],
  [/(q_proj)\.weight$/, 'blk.0.attn_q.weight'],
  [/(k_proj)\.weight$/, 'blk.0.attn_k.weight'],
  [/(v_proj)\.weight$/, 'blk.0.attn_v.weight'],
  [/(c_attn|query_key_value)\.weight$/, 'blk.0.attn_qkv.weight'],
  [/(o_proj|attn\.c_proj|attention\.dense)\.weight$/, 'blk.0.attn_output.weight'],
  [/(gate_proj)\.weight$/, 'blk.0.ffn_gate.weight'],
  [/(up_proj|c_fc|dense_h_to_4h)\.weight$/, 'blk.0.ffn_up.weight'],
  [/(down_proj|mlp\.c_proj|dense_4h_to_h)\.weight$/, 'blk.0.ffn_down.weight'],
];

const typeOf =
  (types: ReadonlyMap<string, QuantizableType>): TypeOf =>
  (name) => {
    const place = PLACES.find(([pattern]) => pattern.test(name))?.[1];
    return types.get(place ?? '') ?? 'F32';
  };

/** The checkpoint with every row of its matrices, along the inputs, put through the block type and back. */
function roundWeights(source: Checkpoint, type: TypeOf): Checkpoint {
  const { tensors } = source;
  const readWhole = async (name: string): Promise<Float32Array> => {
    const values = await tensors.readFloat32(name);
    const own = type(name);
    const [rows, columns] = tensors.info(name).shape;
    if (own === 'F32' || rows === undefined || columns === undefined) return values;
    const isConv1d = /\.(c_attn|c_proj|c_fc)\.weight$/.test(name); // GPT-2 stores [in, out]
    if (!isConv1d) return dequantizeBlocks(own, quantizeBlocks(own, values, { rowLength: columns }));
    const turned = Float32Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
    const back = dequantizeBlocks(own, quantizeBlocks(own, turned, { rowLength: rows }));
    return Float32Array.from(back, (_, i) => back[(i % columns) * rows + Math.floor(i / columns)]!);
  };
  const readFloat32: typeof tensors.readFloat32 = async (name, options) => {
    const whole = await readWhole(name);
    const range = options?.range;
    return range === undefined ? whole : whole.subarray(range.start, range.end);
  };
  return { ...source, tensors: { ...tensors, readFloat32 } };
}
