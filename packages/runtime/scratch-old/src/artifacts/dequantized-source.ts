/** @file The tensors of a quantized checkpoint under the names of the original one: weights come back dequantized, in F32. */
import { FormatError, ShapeError, Tensor, UnsupportedError } from '@bitcliff/core';
import type { ReadOptions, TensorInfo, TensorSource } from '@bitcliff/formats';
import {
  dequantizeStored,
  type StoredWeight,
  unpackAwq,
  unpackCompressedTensors,
  unpackFloatQuantized,
  unpackGptq,
  unpackIntQuantized,
} from '@bitcliff/quantize';
import { transpose } from '../transpose.ts';
import type { QuantizationConfig } from './quantization-config.ts';

const op = 'openCheckpoint';

/** How one module is stored. */
interface PackedModule {
  /** Its tensors, by the end of their names. */
  readonly parts: ReadonlyMap<string, string>;
  readonly inFeatures: number;
  readonly outFeatures: number;
  unpack(tensors: Readonly<Record<string, Tensor>>): StoredWeight;
}

/** Ends of names that belong to a quantized module; the first of a layout marks one. */
const ENDS = {
  gptq: ['qweight', 'qzeros', 'scales', 'g_idx'],
  awq: ['qweight', 'qzeros', 'scales'],
  packed: ['weight_packed', 'weight_scale', 'weight_zero_point', 'weight_shape', 'weight_g_idx'],
  plain: ['weight_scale', 'weight', 'weight_zero_point', 'input_scale', 'input_zero_point'],
} as const;

/**
 * Present quantized weights as f32 tensors `<module>.weight`.
 * @param options.inOut whether modules are Conv1D, stored [in, out]; asked when a tensor is
 * @throws {FormatError} when tensors of a module are missing or do not fit each other
 * @throws {UnsupportedError} for a scheme of the layout that is not read
 */
export async function createDequantizedSource(
  source: TensorSource,
  config: QuantizationConfig,
  { inOut }: { readonly inOut: () => boolean },
): Promise<TensorSource> {
  const modules = new Map<string, PackedModule>();
  const hidden = new Set<string>();
  for (const name of source.names()) {
    const dot = name.lastIndexOf('.');
    const [module, end] = [name.slice(0, dot), name.slice(dot + 1)];
    const kind = kindOf(config, source, module, end);
    if (kind === undefined) continue;
    const parts = new Map<string, string>();
    for (const part of ENDS[kind]) if (source.has(`${module}.${part}`)) parts.set(part, `${module}.${part}`);
    for (const part of parts.values()) hidden.add(part);
    modules.set(`${module}.weight`, await describeModule(source, config, kind, module, parts));
  }
  const names = [...source.names().filter((name) => !hidden.has(name)), ...modules.keys()];

  const infoOf = (name: string, { inFeatures, outFeatures }: PackedModule): TensorInfo => ({
    name,
    dtype: 'F32',
    shape: inOut() ? [inFeatures, outFeatures] : [outFeatures, inFeatures],
    byteLength: 4 * inFeatures * outFeatures,
  });
  const dequantize = async (module: PackedModule): Promise<Float32Array> => {
    const tensors: Record<string, Tensor> = {};
    for (const [part, name] of module.parts) tensors[part] = await source.read(name);
    const values = dequantizeStored(module.unpack(tensors)); // [in, out]
    return inOut() ? values : transpose(values, module.inFeatures, module.outFeatures);
  };
  const readFloat32 = async (name: string, { range }: ReadOptions = {}): Promise<Float32Array> => {
    const module = modules.get(name);
    if (module === undefined) return source.readFloat32(name, { range });
    const values = await dequantize(module);
    if (range === undefined) return values;
    if (range.start >= 0 && range.start <= range.end && range.end <= values.length)
      return values.subarray(range.start, range.end);
    throw new ShapeError({
      op: 'readFloat32',
      problem: 'the range is not inside the tensor',
      expected: `0 ≤ start ≤ end ≤ ${values.length}`,
      received: `${range.start} to ${range.end}`,
      where: `tensor "${name}"`,
    });
  };
  return {
    name: source.name,
    metadata: source.metadata,
    names: () => names,
    has: (name) => modules.has(name) || (source.has(name) && !hidden.has(name)),
    info(name) {
      const module = modules.get(name);
      return module === undefined ? source.info(name) : infoOf(name, module);
    },
    async read(name, options = {}) {
      const module = modules.get(name);
      if (module === undefined) return source.read(name, options);
      const values = await readFloat32(name, options);
      return new Tensor(
        'F32',
        options.range ? [values.length] : infoOf(name, module).shape,
        values as Float32Array<ArrayBuffer>,
      );
    },
    readFloat32,
    async readBytes(name) {
      const module = modules.get(name);
      if (module === undefined) return source.readBytes(name);
      const values = await dequantize(module);
      return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    },
    close: () => source.close(),
  };
}

/** The layout of the module that a tensor marks. */
function kindOf(
  { method }: QuantizationConfig,
  source: TensorSource,
  module: string,
  end: string,
): keyof typeof ENDS | undefined {
  if (method === 'gptq' || method === 'awq') return end === 'qweight' ? method : undefined;
  if (end === 'weight_packed') return 'packed';
  if (end !== 'weight_scale' || !source.has(`${module}.weight`)) return undefined;
  return source.has(`${module}.weight_packed`) ? undefined : 'plain';
}

/** Sizes from the shapes of a module's tensors; the unpackers check that the tensors fit them. */
async function describeModule(
  source: TensorSource,
  config: QuantizationConfig,
  kind: keyof typeof ENDS,
  module: string,
  parts: ReadonlyMap<string, string>,
): Promise<PackedModule> {
  const wrong = (problem: string, expected: string, received: string | number): never => {
    const where = `module "${module}"`;
    throw new FormatError({ op, problem, expected, received, where, path: source.name });
  };
  const shapeOf = (part: string, rank: number): readonly number[] => {
    const name = parts.get(part);
    if (name === undefined)
      return wrong(`no tensor ${part}`, ENDS[kind].join(', '), [...parts.keys()].join(', '));
    const { shape } = source.info(name);
    if (shape.length === rank && !shape.includes(0)) return shape;
    return wrong(`bad shape of ${part}`, `${rank} sizes from 1`, `[${shape.join(', ')}]`);
  };
  const integer = (matrix: ReturnType<typeof unpackAwq>): StoredWeight => ({ kind: 'integer', matrix });
  switch (kind) {
    case 'gptq': {
      const [words, outFeatures] = shapeOf('qweight', 2) as [number, number];
      const [inFeatures] = shapeOf('g_idx', 1) as [number];
      const [groups] = shapeOf('scales', 2) as [number, number];
      const bits = (32 * words) / inFeatures;
      if (![2, 3, 4, 8].includes(bits)) wrong('qweight does not fit g_idx', '2, 3, 4 or 8 bits', bits);
      const groupSize = Math.ceil(inFeatures / groups);
      const version = config.method === 'gptq' ? config.version : 'v1';
      const options = { bits, groupSize, symmetric: false, version } as const;
      return {
        parts,
        inFeatures,
        outFeatures,
        unpack: (tensors) => integer(unpackGptq(tensors, options)),
      };
    }
    case 'awq': {
      const [inFeatures, words] = shapeOf('qweight', 2) as [number, number];
      const [groups] = shapeOf('scales', 2) as [number, number];
      const groupSize = inFeatures / groups;
      if (!Number.isInteger(groupSize)) wrong('scales do not fit qweight', 'whole groups', groups);
      return {
        parts,
        inFeatures,
        outFeatures: 8 * words,
        unpack: (tensors) => integer(unpackAwq(tensors, { groupSize })),
      };
    }
    case 'packed': {
      shapeOf('weight_packed', 2);
      if (shapeOf('weight_shape', 1)[0] !== 2)
        wrong('bad weight_shape', '2 sizes', shapeOf('weight_shape', 1)[0]!);
      const sizes = await source.read(parts.get('weight_shape')!);
      const [outFeatures, inFeatures] = Array.from(sizes.data as ArrayLike<number | bigint>, Number) as [
        number,
        number,
      ];
      const symmetric = !parts.has('weight_zero_point');
      const bits = bitsOf(config, module);
      return {
        parts,
        inFeatures,
        outFeatures,
        unpack: (tensors) => integer(unpackCompressedTensors(tensors, { bits, symmetric })),
      };
    }
    case 'plain': {
      const [outFeatures, inFeatures] = shapeOf('weight', 2) as [number, number];
      const foreign = [...parts.keys()].find((part) => part !== 'weight' && part !== 'weight_scale');
      if (foreign !== undefined) {
        const problem = `${foreign} is not read`;
        const expected = 'symmetric weights, and inputs quantized as the model runs';
        throw new UnsupportedError({ op, problem, expected, where: `module "${module}"`, path: source.name });
      }
      const isInteger = source.info(parts.get('weight')!).dtype === 'I8';
      return {
        parts,
        inFeatures,
        outFeatures,
        unpack: (tensors) =>
          isInteger ? integer(unpackIntQuantized(tensors)) : unpackFloatQuantized(tensors),
      };
    }
  }
}

/** Bits of a module of `config_groups`: those of the only group, or of the one that names it. */
function bitsOf(config: QuantizationConfig, module: string): number {
  const groups = config.method === 'compressed-tensors' ? config.groups : [];
  const found = groups.length === 1 ? groups[0] : groups.find(({ targets }) => targets.includes(module));
  if (found !== undefined) return found.bits;
  throw new UnsupportedError({
    op,
    problem: 'no group of quantization_config names the module',
    expected: 'one group for all modules, or targets that are names of modules',
    where: `module "${module}"`,
  });
}
