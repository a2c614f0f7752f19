/**
 * @file Quantized blocks in a folder, a safetensors file each: every array of a layer is a tensor, everything else is JSON in the header. A file
 * has its name only when it is whole.
 */
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FormatError, InternalError, Tensor } from '@bitcliff/core';
import { openSafetensorsFile, writeSafetensorsFile } from '@bitcliff/formats/node';
import { policyFor, type QuantizedLinear, type Recipe, restoreLinear } from '@bitcliff/quantize';
import { z } from 'zod';
import type { LinearPlace } from '../architecture.ts';
import type { Checkpoint } from '../checkpoint.ts';
import type { QuantizedBlocks, QuantizedPlace } from './quantized-blocks.ts';

/** Key of the header's metadata. */
const HEADER = 'bitcliff.block';
/** In JSON, stands for a tensor: `{ "$tensor": name }`. */
const TENSOR = '$tensor';

/** Arrays that layers are made of. */
const ARRAYS = [
  ['F32', Float32Array],
  ['F64', Float64Array],
  ['U8', Uint8Array],
  ['I8', Int8Array],
  ['I32', Int32Array],
] as const;
/** What a layer is without the form that a runtime wants, which is made again. */
type Kept = Omit<QuantizedLinear, 'linear'>;

/**
 * Blocks in a folder.
 * @param folder is made if it is missing
 * @throws {FormatError} from `read` for a file that is not one of these
 */
export function openQuantizedFolder(folder: string, checkpoint: Checkpoint, recipe: Recipe): QuantizedBlocks {
  const { spec, layout } = checkpoint;
  const pathOf = (layer: number): string =>
    join(folder, `block-${String(layer).padStart(5, '0')}.safetensors`);
  const restore = (layer: number, place: LinearPlace, kept: Kept): QuantizedPlace => {
    const module = layout.block(layer).linears.find((linear) => linear.place === place);
    const name = { name: kept.name, role: module?.role ?? 'attn.qkv', layer, layers: spec.layers };
    const policy = policyFor(recipe, name);
    if (module === undefined || policy === null || kept.stored === null) {
      throw new FormatError({
        op: 'openQuantizedFolder',
        problem: `"${place}" is quantized, which recipe "${recipe.name}" does not do`,
        path: pathOf(layer),
        hint: 'Remove the folder: its blocks are of another recipe or checkpoint',
      });
    }
    const { stored, inputScale } = kept;
    return { place, quantized: { ...kept, linear: restoreLinear({ stored, inputScale }, policy) } };
  };
  return {
    async read(layer) {
      const path = pathOf(layer);
      if ((await stat(path).catch(() => undefined)) === undefined) return undefined;
      const file = await openSafetensorsFile(path);
      try {
        const header = parseHeader(file.metadata[HEADER], path);
        const arrays = new Map<string, unknown>();
        for (const name of file.names()) arrays.set(name, (await file.read(name)).data);
        const linears = header.linears.map(({ place, kept }) =>
          restore(layer, place as LinearPlace, withArrays(kept, arrays) as Kept),
        );
        return { fingerprint: header.fingerprint, linears };
      } finally {
        await file.close();
      }
    },
    async write(layer, block) {
      await mkdir(folder, { recursive: true });
      const tensors = new Map<string, Tensor>();
      const linears = block.linears.map(({ place, quantized: { linear: _, ...kept } }) => ({
        place,
        kept: withoutArrays(kept, place, tensors),
      }));
      const header = JSON.stringify({ fingerprint: block.fingerprint, linears });
      await writeSafetensorsFile(pathOf(layer), tensors, { [HEADER]: header });
    },
  };
}

const headerSchema = z.strictObject({
  fingerprint: z.string().regex(/^[0-9a-f]{64}$/),
  linears: z.array(z.strictObject({ place: z.string(), kept: z.record(z.string(), z.unknown()) })),
});

function parseHeader(text: string | undefined, path: string): z.infer<typeof headerSchema> {
  try {
    return headerSchema.parse(JSON.parse(text ?? ''));
  } catch (cause) {
    throw new FormatError({
      op: 'openQuantizedFolder',
      problem: 'not a file of a quantized block',
      expected: `"${HEADER}" in the header`,
      path,
      hint: 'Remove the file to quantize the block again',
      cause,
    });
  }
}

/** A value with its arrays moved to `tensors`, named by their place in it. */
function withoutArrays(value: unknown, name: string, tensors: Map<string, Tensor>): unknown {
  const dtype = ARRAYS.find(([, array]) => value instanceof array)?.[0];
  if (dtype !== undefined) {
    const data = value as Float32Array;
    tensors.set(name, new Tensor(dtype, [data.length], data as never));
    return { [TENSOR]: name };
  }
  if (value === null || typeof value !== 'object') return value;
  if (ArrayBuffer.isView(value)) throw new InternalError(`no dtype for the array "${name}"`);
  if (Array.isArray(value)) return value.map((item, i) => withoutArrays(item, `${name}.${i}`, tensors));
  return mapValues(value, (item, key) => withoutArrays(item, `${name}.${key}`, tensors));
}

/** The opposite of {@link withoutArrays}. */
function withArrays(value: unknown, arrays: ReadonlyMap<string, unknown>): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => withArrays(item, arrays));
  const name = (value as Record<string, unknown>)[TENSOR];
  if (typeof name === 'string') return arrays.get(name);
  return mapValues(value, (item) => withArrays(item, arrays));
}

function mapValues(value: object, change: (item: unknown, key: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, change(item, key)]));
}
