import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DTYPES, type DType, FormatError, NotFoundError, Tensor, UnsupportedError } from '@bitcliff/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectRefusal } from '../../test/hostile.ts';
import { goldenBytes } from '../../test/read-golden.ts';
import type { ByteSource } from '../byte-source.ts';
import { memorySource } from '../memory-source.ts';
import type { TensorSource } from '../tensor-source.ts';
import {
  externalProto,
  joined,
  lengthField,
  modelOf,
  modelWith,
  packedVarints,
  rawBytes,
  tensorProto,
  varintField,
} from './__fixtures__/raw-onnx.ts';
import { OnnxGraph } from './onnx-graph.ts';
import { openOnnx } from './open-onnx.ts';
import { openOnnxFile } from './open-onnx-file.node.ts';

const GOLDEN_DTYPES: Readonly<Record<string, DType>> = {
  FLOAT: 'F32',
  DOUBLE: 'F64',
  FLOAT16: 'F16',
  BFLOAT16: 'BF16',
  FLOAT8E4M3FN: 'F8_E4M3',
  FLOAT8E5M2: 'F8_E5M2',
  INT8: 'I8',
  UINT8: 'U8',
  INT16: 'I16',
  UINT16: 'U16',
  INT32: 'I32',
  UINT32: 'U32',
  INT64: 'I64',
  UINT64: 'U64',
  BOOL: 'BOOL',
};

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bitcliff-onnx-'));
});
afterAll(() => rm(root, { recursive: true }));

const open = (bytes: Uint8Array): Promise<TensorSource> => openOnnx(memorySource(bytes, 'm.onnx'));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** A source that counts the bytes that are read. */
function counted(bytes: Uint8Array): { source: ByteSource; read: () => number; closed: () => number } {
  const inner = memorySource(bytes, 'counted');
  let read = 0;
  let closed = 0;
  const source: ByteSource = {
    ...inner,
    read: (offset, length) => {
      read += length;
      return inner.read(offset, length);
    },
    close: async () => {
      closed++;
    },
  };
  return { source, read: () => read, closed: () => closed };
}

describe('a model that OnnxGraph wrote', () => {
  const tensors = new Map<string, Tensor>([
    ['f32', new Tensor('F32', [2, 3], new Float32Array([1, -2, 3.5, 4, 5, Number.NaN]))],
    ['f16', new Tensor('F16', [2], new Uint16Array([0x3c00, 0xc000]))],
    ['bf16', new Tensor('BF16', [1, 2], new Uint16Array([0x3f80, 0xbf80]))],
    ['f64', new Tensor('F64', [], new Float64Array([0.1]))],
    ['i64', new Tensor('I64', [2], new BigInt64Array([-1n, 2n ** 62n]))],
    ['bool', new Tensor('BOOL', [3], new Uint8Array([1, 0, 1]))],
    ['empty', new Tensor('I8', [0, 4], new Int8Array(0))],
    ['ein Name ä/b', new Tensor('U8', [1], new Uint8Array([9]))],
  ]);
  const graph = (external: boolean): OnnxGraph => {
    const g = new OnnxGraph('g');
    for (const [name, tensor] of tensors) {
      g.constant(name, tensor, { external: external && !name.includes('/') });
    }
    g.output(g.node('Identity', ['f32']), 'F32', [2, 3]);
    return g;
  };
  const check = async (read: TensorSource): Promise<void> => {
    expect(read.names()).toEqual([...tensors.keys()]);
    for (const [name, tensor] of tensors) {
      expect(read.info(name)).toEqual({
        name,
        dtype: tensor.dtype,
        shape: tensor.shape,
        byteLength: tensor.data.byteLength,
      });
      expect(await read.read(name)).toEqual(tensor);
      expect((await read.readBytes(name)).byteLength).toBe(tensor.data.byteLength);
    }
    expect(await read.readFloat32('f16')).toEqual(new Float32Array([1, -2]));
    const part = await read.read('f32', { range: { start: 1, end: 4 } });
    expect(part).toEqual(new Tensor('F32', [3], new Float32Array([-2, 3.5, 4])));
    expect(read.metadata).toEqual({
      ir_version: '10',
      producer_name: 'bitcliff',
      opset_import: 'ai.onnx 21, com.microsoft 1',
    });
  };

  it('is read back, with its data inside', async () => {
    await check(await open(graph(false).encode({ opset: 21, microsoft: true })));
  });

  it('is read back, with its data outside, opened once each and closed', async () => {
    const g = graph(true);
    const files = new Map(g.externalData.map(({ path, data }) => [path, counted(data)]));
    const asked: string[] = [];
    const external = async (location: string): Promise<ByteSource> => {
      asked.push(location);
      return files.get(location)!.source;
    };
    const model = counted(g.encode({ opset: 21, microsoft: true }));
    const read = await openOnnx(model.source, { external });
    expect([...files.values()].every((file) => file.read() === 0)).toBe(true);
    await check(read);
    expect(asked).toEqual([...files.keys()]);
    await read.close();
    expect([...files.values(), model].map((file) => file.closed())).toEqual([...files, 0].map(() => 1));
  });

  it('is read back from files', async () => {
    const g = graph(true);
    const path = join(root, 'model.onnx');
    await writeFile(path, g.encode({ opset: 21, microsoft: true }));
    for (const { path: name, data } of g.externalData) await writeFile(join(root, name), data);
    const read = await openOnnxFile(path);
    await check(read);
    await read.close();
    await rm(join(root, 'bf16'));
    await expectRefusal(() => openOnnxFile(path), 'bf16', { error: NotFoundError, says: ['no such file'] });
  });

  it('refuses external data when it has no way to open it', async () => {
    const bytes = graph(true).encode({ opset: 21 });
    await expectRefusal(() => open(bytes), 'm.onnx', {
      error: UnsupportedError,
      says: ['data is outside the model', 'external data in "f32"', 'tensor "f32"', 'openOnnxFile'],
    });
  });

  it('is opened without its data', async () => {
    const g = new OnnxGraph('g');
    for (let i = 0; i < 8; i++) g.constant(`w${i}`, new Tensor('F32', [2 ** 18], new Float32Array(2 ** 18)));
    g.output(g.node('Identity', ['w0']), 'F32', [2 ** 18]);
    const model = counted(g.encode({ opset: 21 })); // 8 MiB
    const read = await openOnnx(model.source);
    expect(model.read()).toBeLessThan(10 * 65_536);
    const before = model.read();
    await read.read('w3', { range: { start: 5, end: 10 } });
    expect(model.read() - before).toBe(20);
  });
});

describe('models that the onnx package wrote', () => {
  const expected = JSON.parse(new TextDecoder().decode(goldenBytes('onnx/expected.json')));
  const folder = fileURLToPath(new URL('../../test/golden/onnx', import.meta.url));

  it.each(['typed', 'raw', 'external'])('%s: every dtype, bit for bit', async (name) => {
    const read = await openOnnxFile(join(folder, `${name}.onnx`));
    expect(read.names()).toEqual(Object.keys(GOLDEN_DTYPES));
    for (const [tensor, dtype] of Object.entries(GOLDEN_DTYPES)) {
      expect(read.info(tensor)).toMatchObject({ dtype, shape: [2, 3] });
      expect(hex(await read.readBytes(tensor))).toBe(expected[tensor]);
      const { data } = await read.read(tensor, { range: { start: 2, end: 5 } });
      const size = DTYPES[dtype].bytes;
      expect(hex(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))).toBe(
        expected[tensor].slice(4 * size, 10 * size),
      );
    }
    expect(read.metadata).toEqual({
      ir_version: '10',
      producer_name: 'golden',
      producer_version: '1.0',
      opset_import: 'ai.onnx 21',
      'metadata_props.names': "{0: 'a'}",
    });
    await read.close();
  });

  it('says which file of external data is cut', async () => {
    const dir = await mkdtemp(join(root, 'cut-'));
    await copyFile(join(folder, 'external.onnx'), join(dir, 'external.onnx'));
    await writeFile(join(dir, 'external.onnx_data'), new Uint8Array(10));
    await expectRefusal(() => openOnnxFile(join(dir, 'external.onnx')), 'external.onnx', {
      error: FormatError,
      says: ['reaches past the end of "external.onnx_data"', 'at most 10 bytes'],
    });
  });
});

describe('typed data', () => {
  const floats = new Float32Array([1, -2, 0.5]);
  const packed = lengthField(4, new Uint8Array(floats.buffer));
  const single = [...floats].map((_, i) =>
    joined([rawBytes((4 << 3) | 5), new Uint8Array(floats.buffer, 4 * i, 4)]),
  );

  it.each<[string, Uint8Array[]]>([
    ['packed', [packed]],
    ['not packed', single],
    ['both', [single[0]!, lengthField(4, new Uint8Array(floats.buffer, 4, 8))]],
    [
      'packed in pieces',
      [
        lengthField(4, new Uint8Array(floats.buffer, 0, 4)),
        lengthField(4, new Uint8Array(floats.buffer, 4, 8)),
      ],
    ],
    ['not packed, with other fields between', [single[0]!, lengthField(12, 'doc'), single[1]!, single[2]!]],
  ])('of floats: %s', async (_, data) => {
    const read = await open(modelOf(tensorProto('w', 1, [3], data)));
    expect((await read.read('w')).data).toEqual(floats);
    expect((await read.read('w', { range: { start: 1, end: 2 } })).data).toEqual(new Float32Array([-2]));
  });

  it.each<[string, number, number, number[]]>([
    ['F16', 10, 5, [0x3c00, 0xffff]],
    ['I8', 3, 5, [-128, 127]],
    ['BOOL', 9, 5, [0, 1]],
    ['U32', 12, 11, [0, 2 ** 32 - 1]],
    ['I32', 6, 5, [-(2 ** 31), 2 ** 31 - 1]],
  ])('of %s, packed and not', async (dtype, type, field, values) => {
    for (const data of [
      [lengthField(field, packedVarints(values))],
      values.map((value) => varintField(field, value)),
    ]) {
      const read = await open(modelOf(tensorProto('w', type, [2], data)));
      expect(read.info('w').dtype).toBe(dtype);
      expect([...(await read.read('w')).data]).toEqual(values);
    }
  });

  it('of I64 and U64 keeps 64 bits, and negative int32 may have five bytes', async () => {
    const big = [2n ** 63n - 1n, -(2n ** 63n), -1n];
    const i64 = await open(modelOf(tensorProto('w', 7, [3], [lengthField(7, packedVarints(big))])));
    expect([...(await i64.read('w')).data]).toEqual(big);
    const u64 = await open(
      modelOf(
        tensorProto(
          'w',
          13,
          [3],
          big.map((value) => varintField(11, value)),
        ),
      ),
    );
    expect([...(await u64.read('w')).data]).toEqual(big.map((value) => BigInt.asUintN(64, value)));
    const short = lengthField(5, rawBytes(0xff, 0xff, 0xff, 0xff, 0x0f));
    const i32 = await open(modelOf(tensorProto('w', 6, [1], [short])));
    expect([...(await i32.read('w')).data]).toEqual([-1]);
  });
});

describe('openOnnx', () => {
  it('takes packed dims, fields in any order, and a model without initializers', async () => {
    const proto = joined([
      lengthField(9, rawBytes(1, 2, 3, 4, 5, 6)),
      lengthField(8, 'w'),
      lengthField(1, packedVarints([2, 3])),
      varintField(2, 2),
    ]);
    const read = await open(modelOf(proto));
    expect(read.info('w').shape).toEqual([2, 3]);
    expect((await open(modelOf())).names()).toEqual([]);
  });

  it('gives metadata under names that cannot collide', async () => {
    const entry = (key: string, value: string): Uint8Array =>
      lengthField(14, [lengthField(1, key), lengthField(2, value)]);
    const opset = lengthField(8, [lengthField(1, 'x.y'), varintField(2, 3)]);
    const { metadata } = await open(
      modelWith(entry('producer_name', 'a'), entry('__proto__', 'b'), opset, lengthField(3, '9')),
    );
    expect(metadata).toEqual({
      ir_version: '10',
      producer_name: 'test',
      producer_version: '9',
      'metadata_props.producer_name': 'a',
      'metadata_props.__proto__': 'b',
      opset_import: 'x.y 3',
    });
  });

  it('reads fields that lie across the ends of its windows', async () => {
    const protos = Array.from({ length: 3000 }, (_, i) =>
      tensorProto(
        `tensor.${'x'.repeat(i % 97)}.${i}`,
        2,
        [i % 7],
        [lengthField(9, new Uint8Array(i % 7).fill(i))],
      ),
    );
    const read = await open(modelOf(...protos));
    expect(read.names().length).toBe(3000);
    for (let i = 0; i < 3000; i += 97) {
      expect([...(await read.read(read.names()[i]!)).data]).toEqual([...new Uint8Array(i % 7).fill(i)]);
    }
  });

  it('takes the size of external data from the shape when its length is not given', async () => {
    const data = new Float32Array([7, 8, 9]);
    const external = async (): Promise<ByteSource> => memorySource(new Uint8Array(data.buffer), 'x');
    const model = memorySource(modelOf(externalProto({ location: 'x', offset: '4', checksum: 'abc' })));
    expect((await (await openOnnx(model, { external })).read('w')).data).toEqual(new Float32Array([8, 9]));
  });
});
