import {
  encodeGguf,
  type GgufFile,
  type GgufTensor,
  type GgufValue,
  memorySource,
  openGguf,
} from '@bitcliff/formats';

/** Metadata in short: strings, numbers (u32), booleans; arrays and other types as they are. */
export type ShortFields = Record<string, string | number | boolean | GgufValue>;

/** An open GGUF file in memory. */
export function ggufFile(fields: ShortFields, tensors: readonly GgufTensor[] = []): Promise<GgufFile> {
  const full = new Map(Object.entries(fields).map(([key, value]) => [key, fullValue(value)]));
  return openGguf(memorySource(encodeGguf({ fields: full, tensors }), 'test.gguf'));
}

function fullValue(value: ShortFields[string]): GgufValue {
  if (typeof value === 'string') return { type: 'string', value };
  if (typeof value === 'boolean') return { type: 'bool', value };
  return typeof value === 'number' ? { type: 'u32', value } : value;
}

export const strings = (value: readonly string[]): GgufValue => ({ type: 'array', of: 'string', value });
export const i32s = (value: readonly number[]): GgufValue => ({
  type: 'array',
  of: 'i32',
  value: Int32Array.from(value),
});
export const f32s = (value: readonly number[]): GgufValue => ({
  type: 'array',
  of: 'f32',
  value: Float32Array.from(value),
});
export const f32 = (value: number): GgufValue => ({ type: 'f32', value: Math.fround(value) });

/** A tensor of F32 numbers. */
export const f32Tensor = (name: string, shape: readonly number[], values: ArrayLike<number>): GgufTensor => ({
  name,
  shape,
  type: 'F32',
  data: new Uint8Array(Float32Array.from(values).buffer),
});
