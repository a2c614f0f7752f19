import { Tensor } from '@bitcliff/core';
import { encodeSafetensors, memorySource, openSafetensors } from '@bitcliff/formats';
import { describe, expect, it } from 'vitest';
import { createDequantizedSource } from './dequantized-source.ts';
import { type QuantizationConfig, readQuantizationConfig } from './quantization-config.ts';

const i32 = (...shape: number[]) => new Tensor('I32', shape, new Int32Array(shape.reduce((a, b) => a * b)));
const f16 = (...shape: number[]) => new Tensor('F16', shape, new Uint16Array(shape.reduce((a, b) => a * b)));
const sizes = (...values: bigint[]) => new Tensor('I64', [values.length], BigInt64Array.from(values));

async function open(config: QuantizationConfig, tensors: Record<string, Tensor>) {
  const named = new Map<string, Tensor>([['m.norm.weight', f16(4)]]);
  for (const [end, tensor] of Object.entries(tensors)) named.set(`m.q.${end}`, tensor);
  const file = await openSafetensors(memorySource(encodeSafetensors(named), 'hostile'));
  return createDequantizedSource(file, config, { inOut: () => false });
}

const GPTQ = { qweight: i32(4, 8), qzeros: i32(1, 1), scales: f16(1, 8), g_idx: i32(32) };
const AWQ = { qweight: i32(32, 1), qzeros: i32(1, 1), scales: f16(1, 8) };
const PACKED = { weight_packed: i32(8, 4), weight_scale: f16(8, 1), weight_shape: sizes(8n, 32n) };
const packed: QuantizationConfig = {
  method: 'compressed-tensors',
  groups: [{ targets: ['Linear'], bits: 4 }],
};

describe('createDequantizedSource', () => {
  it.each<[string, QuantizationConfig, Record<string, Tensor>]>([
    ['gptq', { method: 'gptq', version: 'v2' }, GPTQ],
    ['awq', { method: 'awq' }, AWQ],
    ['compressed-tensors', packed, PACKED],
  ])('%s: presents one tensor for a module', async (_, config, tensors) => {
    const source = await open(config, tensors);
    expect([...source.names()].sort()).toEqual(['m.norm.weight', 'm.q.weight']);
    expect(source.has('m.q.scales')).toBe(false);
    expect(source.info('m.q.weight')).toMatchObject({ dtype: 'F32', shape: [8, 32], byteLength: 1024 });
    expect(source.info('m.norm.weight').dtype).toBe('F16');
    expect((await source.readFloat32('m.q.weight')).map(Math.abs)).toEqual(new Float32Array(256));
    expect((await source.readBytes('m.q.weight')).byteLength).toBe(1024);
    expect((await source.read('m.q.weight', { range: { start: 2, end: 5 } })).shape).toEqual([3]);
    await expect(source.readFloat32('m.q.weight', { range: { start: 2, end: 257 } })).rejects.toThrow(
      'the range is not inside the tensor',
    );
  });

  it.each<[string, QuantizationConfig, Record<string, Tensor>, string]>([
    [
      'no g_idx',
      { method: 'gptq', version: 'v1' },
      { ...GPTQ, g_idx: undefined as never },
      'no tensor g_idx',
    ],
    [
      'other bits',
      { method: 'gptq', version: 'v1' },
      { ...GPTQ, g_idx: i32(33) },
      'qweight does not fit g_idx',
    ],
    ['few scales', { method: 'gptq', version: 'v1' }, { ...GPTQ, scales: f16(1, 7) }, 'scales does not fit'],
    ['other zeros', { method: 'awq' }, { ...AWQ, qzeros: i32(2, 1) }, 'qzeros does not fit'],
    ['odd groups', { method: 'awq' }, { ...AWQ, scales: f16(3, 8) }, 'scales do not fit qweight'],
    [
      'a shape too large',
      packed,
      { ...PACKED, weight_shape: sizes(8n, 1n << 40n) },
      'weight_packed does not fit',
    ],
    ['no shape', packed, { ...PACKED, weight_shape: undefined as never }, 'no tensor weight_shape'],
    ['unnamed group', { ...packed, groups: [] }, PACKED, 'no group of quantization_config names the module'],
    [
      'a zero point',
      packed,
      {
        weight: new Tensor('I8', [8, 4], new Int8Array(32)),
        weight_scale: f16(8, 1),
        weight_zero_point: i32(8, 1),
      },
      'weight_zero_point is not read',
    ],
  ])('refuses %s', async (_, config, tensors, message) => {
    const given = Object.fromEntries(Object.entries(tensors).filter(([, tensor]) => tensor !== undefined));
    const read = async () => (await open(config, given)).readFloat32('m.q.weight');
    await expect(read()).rejects.toThrow(message);
  });

  it('refuses groups that are not there', async () => {
    const index = Int32Array.from({ length: 32 }, () => 7);
    const source = await open(
      { method: 'gptq', version: 'v2' },
      { ...GPTQ, g_idx: new Tensor('I32', [32], index) },
    );
    await expect(source.readFloat32('m.q.weight')).rejects.toThrow('g_idx names a group that is not there');
  });
});

describe('readQuantizationConfig', () => {
  const group = { targets: ['Linear'], weights: { num_bits: 4, type: 'int', strategy: 'group' } };
  const compressed = {
    quant_method: 'compressed-tensors',
    format: 'pack-quantized',
    config_groups: { a: group },
  };
  it.each<[object, QuantizationConfig['method'] | undefined]>([
    [{ quant_method: 'gptq', bits: 4 }, 'gptq'],
    [{ quant_method: 'gptq', checkpoint_format: 'marlin' }, undefined],
    [{ quant_method: 'awq', bits: 4, version: 'GEMM' }, 'awq'],
    [{ quant_method: 'awq', bits: 4, version: 'gemv' }, undefined],
    [{ quant_method: 'awq', bits: 3 }, undefined],
    [compressed, 'compressed-tensors'],
    [{ ...compressed, format: 'nvfp4-pack-quantized' }, undefined],
    [{ ...compressed, kv_cache_scheme: { num_bits: 8 } }, undefined],
    [{ ...compressed, transform_config: { config_groups: {} } }, undefined],
    [{ quant_method: 'bitsandbytes' }, undefined],
  ])('%j', (quantization_config, method) => {
    expect(readQuantizationConfig({ quantization_config })?.method).toBe(method);
  });
});
