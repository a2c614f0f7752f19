/**
 * @file A quantized checkpoint as a folder that other programs load. One block is in memory at a time, packed anew for each dtype, because a safetensors file is sorted by dtype.
 */
import { join } from 'node:path';
import type { LongTaskOptions, Tensor } from '@bitcliff/core';
import { type TensorToWrite, writeOnnxFile, writeSafetensorsFolder } from '@bitcliff/formats/node';
import type { Checkpoint } from '../checkpoint.ts';
import { ARTIFACT_OPSET } from '../graph/weighted-graph.ts';
import type { QuantizeModelRecord } from '../quantize-model/quantize-model.ts';
import type { QuantizedBlock, QuantizedBlocks } from '../quantize-model/quantized-blocks.ts';
import {
  type ArtifactFormat,
  checkArtifactFormat,
  FOLDER_LAYOUTS,
  splitModules,
} from './artifact-formats.ts';
import { writeCheckpointFolder, writeJson } from './checkpoint-folder.node.ts';
import { buildDecoderGraph } from './decoder-graph.ts';
import { foldBlock } from './fold-scales.ts';
import { type ArtifactManifest, type ArtifactSource, artifactManifest, MANIFEST_FILE } from './manifest.ts';
import { requireBlock } from './require-block.ts';
import { joinStored } from './stored-modules.ts';

/** How to write an artifact. */
export interface WriteArtifactOptions extends LongTaskOptions {
  readonly format: Exclude<ArtifactFormat, 'gguf'>;
  /** What `quantizeModel` gave. */
  readonly record: QuantizeModelRecord;
  /** Where it put the blocks. */
  readonly blocks: QuantizedBlocks;
  /** For the manifest. */
  readonly source: ArtifactSource;
  /** Most bytes of tensor data per safetensors file. @default 5_000_000_000 */
  readonly maxShardBytes?: number | undefined;
}

/**
 * Write a quantized checkpoint: safetensors (`onnx`: `model.onnx` with its weights beside it), `config.json` with its `quantization_config`, the tokenizer's files and {@link MANIFEST_FILE}. Tensors
 * that are not quantized keep their dtype; those that take up input scales (AWQ, SmoothQuant) become F32.
 * @param checkpoint opened from a folder  @param dir must not exist, or be empty
 * @throws {UnsupportedError} when the format cannot hold the recipe or a scale cannot be folded
 * @throws {InvalidInputError} when `dir` has something in it
 * @throws what the file system throws, such as a full disk; then nothing of the artifact is left
 * @example
 * await writeArtifact(checkpoint, 'out', { format: 'gptq', record, blocks, source: { checkpoint: 'my-llama', calibration: 'wiki.txt', seed: 0 } });
 */
export async function writeArtifact(
  checkpoint: Checkpoint,
  dir: string,
  options: WriteArtifactOptions,
): Promise<ArtifactManifest> {
  const { format, record } = options;
  checkArtifactFormat(checkpoint, record.recipe, format);
  const { ignored } = splitModules(checkpoint, record.recipe);
  return writeCheckpointFolder(checkpoint, dir, options, async (temporary) => {
    const { extra, fingerprint, folded } =
      format === 'onnx'
        ? await writeModel(checkpoint, temporary, options)
        : await writeTensors(checkpoint, temporary, { ...options, format });
    const { source } = options;
    const manifest = artifactManifest(checkpoint, record, { format, source, fingerprint, ignored, folded });
    await writeJson(join(temporary, MANIFEST_FILE), manifest);
    return { config: extra, result: manifest };
  });
}

/** What was written, for config.json and the manifest. */
interface Written {
  /** Fields of config.json. */
  readonly extra: Record<string, unknown>;
  readonly fingerprint: string;
  readonly folded: readonly string[];
}

async function writeModel(
  checkpoint: Checkpoint,
  dir: string,
  { record, blocks, signal }: WriteArtifactOptions,
): Promise<Written> {
  const { graph, fingerprint } = await buildDecoderGraph(checkpoint, record.recipe, blocks);
  signal?.throwIfAborted();
  await writeOnnxFile(join(dir, 'model.onnx'), graph, { opset: ARTIFACT_OPSET, microsoft: true });
  return { extra: { quantization_config: undefined }, fingerprint, folded: [] };
}

/** A format of safetensors. */
type TensorFormat = keyof typeof FOLDER_LAYOUTS;

async function writeTensors(
  checkpoint: Checkpoint,
  dir: string,
  options: WriteArtifactOptions & { readonly format: TensorFormat },
): Promise<Written> {
  const { format, record, maxShardBytes, signal, onProgress } = options;
  const { tensors, fingerprint, folded } = await createPacker(checkpoint, options).plan();
  await writeSafetensorsFolder(dir, tensors, {
    maxShardBytes,
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
  const { quantized, ignored } = splitModules(checkpoint, record.recipe);
  const extra = { quantization_config: FOLDER_LAYOUTS[format].config(quantized, ignored) };
  return { extra, fingerprint, folded };
}

/** The tensors of an artifact, block by block. */
function createPacker(
  checkpoint: Checkpoint,
  {
    format,
    blocks,
    record,
  }: Pick<WriteArtifactOptions, 'blocks' | 'record'> & { readonly format: TensorFormat },
) {
  const layout = FOLDER_LAYOUTS[format];
  const { quantized } = splitModules(checkpoint, record.recipe);
  const { spec, tensors: source } = checkpoint;

  const pack = async (layer: number, block: QuantizedBlock) => {
    const { recipe } = record;
    const { scaleDtype } = layout;
    const folded = await foldBlock(checkpoint, layer, block, { recipe: recipe.name, scaleDtype });
    const tensors = new Map(folded.tensors);
    for (const module of quantized) {
      if (module.layer !== layer) continue;
      const stored = joinStored(module, folded.stored, spec.attention.headDim);
      for (const [end, tensor] of Object.entries(layout.pack(stored, module)))
        tensors.set(`${module.name}.${end}`, tensor);
    }
    return { tensors, folded: [...folded.tensors.keys()] };
  };

  /** The block that was packed last. */
  let last: { layer: number; tensors: ReadonlyMap<string, Tensor> } | undefined;
  const tensorOf = async (layer: number, name: string): Promise<Tensor> => {
    if (last?.layer !== layer) {
      last = undefined; // one block at a time
      last = { layer, ...(await pack(layer, await requireBlock(blocks, layer, record.recipe))) };
    }
    return last.tensors.get(name)!;
  };

  return {
    /** Pack everything once to learn what there will be. */
    async plan(): Promise<{ tensors: TensorToWrite[]; fingerprint: string; folded: string[] }> {
      const tensors: TensorToWrite[] = [];
      const replaced = new Set(quantized.map(({ name }) => `${name}.weight`));
      const allFolded: string[] = [];
      let fingerprint = '';
      for (let layer = 0; layer < spec.layers; layer++) {
        const block = await requireBlock(blocks, layer, record.recipe);
        const { tensors: packed, folded } = await pack(layer, block);
        for (const [name, { dtype, shape }] of packed)
          tensors.push({ name, dtype, shape, data: () => tensorOf(layer, name) });
        for (const name of packed.keys()) replaced.add(name);
        allFolded.push(...folded);
        fingerprint = block.fingerprint;
      }
      for (const name of source.names()) {
        if (replaced.has(name)) continue;
        const { dtype, shape } = source.info(name);
        tensors.push({ name, dtype: dtype as Tensor['dtype'], shape, data: () => source.read(name) });
      }
      return { tensors, fingerprint, folded: allFolded };
    },
  };
}
