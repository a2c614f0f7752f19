import { type DType, InvalidInputError, Tensor, UnsupportedError } from '@bitcliff/core';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { expectRefusal } from '../../test/hostile.ts';
import type { OnnxAttribute } from './onnx-attribute.ts';
import { OnnxGraph } from './onnx-graph.ts';
import { ONNX_BYTE_LIMIT } from './onnx-limits.ts';
import { type ModelProto, ModelProtoSchema } from './onnx-subset.gen.ts';

const decode = (bytes: Uint8Array): ModelProto => fromBinary(ModelProtoSchema, bytes);
const weight = new Tensor('F32', [2, 3], new Float32Array([1, 2, 3, 4, 5, 6]));

function linear(): OnnxGraph {
  const g = new OnnxGraph('linear');
  const x = g.input('x', 'F32', ['rows', 2]);
  const w = g.constant('w', weight);
  g.output(g.node('MatMul', [x, w]), 'F32', ['rows', 3]);
  return g;
}

/** Bytes of a field by the rules of the wire format: tag, length, content. */
const field = (number: number, content: number[] | string): number[] => {
  const bytes = typeof content === 'string' ? [...new TextEncoder().encode(content)] : content;
  return [(number << 3) | 2, bytes.length, ...bytes];
};

describe('OnnxGraph.encode', () => {
  it('writes the bytes of a tiny model, field by field', () => {
    const g = new OnnxGraph('g');
    g.constant('w', new Tensor('I8', [2], new Int8Array([1, -1])));
    g.output(g.node('Relu', ['w'], { outputs: ['y'] })[0]!, 'I8', [2, 'n']);
    const node = [...field(1, 'w'), ...field(2, 'y'), ...field(3, 'y'), ...field(4, 'Relu')];
    const initializer = [0x08, 2, 0x10, 3, ...field(8, 'w'), ...field(9, [1, 0xff])];
    const shape = [...field(1, [0x08, 2]), ...field(1, field(2, 'n'))];
    const output = [...field(1, 'y'), ...field(2, field(1, [0x08, 3, ...field(2, shape)]))];
    const graph = [...field(1, node), ...field(2, 'g'), ...field(5, initializer), ...field(12, output)];
    const opset = [...field(1, ''), 0x10, 21];
    const model = [0x08, 10, ...field(2, 'bitcliff'), ...field(7, graph), ...field(8, opset)];
    expect([...g.encode({ opset: 21 })]).toEqual(model);
  });

  it('writes the bytes that the general encoder writes for the whole message', () => {
    const g = linear();
    for (let i = 0; i < 200; i++) g.constant(`c${i}`, new Tensor('U8', [i], new Uint8Array(i).fill(i)));
    g.node('Split', ['w'], { outputs: 2, attributes: { axis: { int: 0 }, num_outputs: { int: 2 } } });
    const bytes = g.encode({ opset: 21, microsoft: true });
    expect(toBinary(ModelProtoSchema, decode(bytes))).toEqual(bytes);
  });

  it('decodes to the graph that was built', () => {
    const model = decode(linear().encode({ opset: 21, microsoft: true }));
    expect(model.irVersion).toBe(10n);
    expect(model.producerName).toBe('bitcliff');
    expect(model.opsetImport.map(({ domain, version }) => [domain, version])).toEqual([
      ['', 21n],
      ['com.microsoft', 1n],
    ]);
    const graph = model.graph!;
    expect(graph.name).toBe('linear');
    expect(graph.node).toMatchObject([
      { opType: 'MatMul', input: ['x', 'w'], output: ['MatMul_0'], name: 'MatMul_0', domain: '' },
    ]);
    expect(graph.input.map((info) => info.name)).toEqual(['x']);
    expect(graph.output.map((info) => info.name)).toEqual(['MatMul_0']);
    const type = graph.input[0]!.type!.value;
    expect(type.value!.elemType).toBe(1);
    expect(type.value!.shape!.dim.map((dim) => dim.value)).toEqual([
      { case: 'dimParam', value: 'rows' },
      { case: 'dimValue', value: 2n },
    ]);
    const [w] = graph.initializer;
    expect(w).toMatchObject({ name: 'w', dims: [2n, 3n], dataType: 1 });
    expect(new Float32Array(w!.rawData.slice().buffer)).toEqual(weight.data);
  });

  it.each<[DType, number, ArrayLike<number> | ArrayLike<bigint>]>([
    ['F32', 1, new Float32Array([1.5])],
    ['U8', 2, new Uint8Array([200])],
    ['I8', 3, new Int8Array([-3])],
    ['U16', 4, new Uint16Array([60000])],
    ['I16', 5, new Int16Array([-300])],
    ['I32', 6, new Int32Array([-70000])],
    ['I64', 7, new BigInt64Array([-5n])],
    ['BOOL', 9, new Uint8Array([1])],
    ['F16', 10, new Uint16Array([0x3c00])],
    ['F64', 11, new Float64Array([0.1])],
    ['BF16', 16, new Uint16Array([0x3f80])],
  ])('stores %s as data type %d, little-endian', (dtype, number, data) => {
    const g = linear();
    g.constant('c', new Tensor<DType>(dtype, [1], data as Float32Array));
    g.input('i', dtype, []);
    const graph = decode(g.encode({ opset: 21 })).graph!;
    expect(graph.initializer[1]!.dataType).toBe(number);
    expect([...graph.initializer[1]!.rawData]).toEqual([...new Uint8Array((data as Float32Array).buffer)]);
    expect(graph.input[1]!.type!.value.value!.elemType).toBe(number);
  });

  it('stores a scalar, an empty tensor and a part of a larger array', () => {
    const g = linear();
    g.constant('scalar', new Tensor('F32', [], new Float32Array([7])));
    g.constant('empty', new Tensor('I64', [0], new BigInt64Array(0)));
    g.constant('part', new Tensor('U8', [2], new Uint8Array([1, 2, 3, 4]).subarray(1, 3)));
    const [, scalar, empty, part] = decode(g.encode({ opset: 21 })).graph!.initializer;
    expect(scalar).toMatchObject({ dims: [], rawData: new Uint8Array([0, 0, 0xe0, 0x40]) });
    expect(empty).toMatchObject({ dims: [0n], rawData: new Uint8Array(0) });
    expect(part).toMatchObject({ dims: [2n], rawData: new Uint8Array([2, 3]) });
  });

  it('leaves external constants out of the model and hands over their data', () => {
    const g = new OnnxGraph('g');
    const w = g.constant('w', weight, { external: true });
    const part = new Float32Array([9, 7, 8, 9]).subarray(1, 3);
    g.constant('part', new Tensor('F32', [2], part), { external: true });
    g.output(g.node('Relu', [w]), 'F32', [2, 3]);
    const { initializer } = decode(g.encode({ opset: 21 })).graph!;
    expect(
      initializer.map(({ name, rawData, dataLocation, dims }) => [name, rawData.length, dataLocation, dims]),
    ).toEqual([
      ['w', 0, 1, [2n, 3n]],
      ['part', 0, 1, [2n]],
    ]);
    expect(initializer[1]!.externalData.map(({ key, value }) => [key, value])).toEqual([
      ['location', 'part'],
      ['offset', '0'],
      ['length', '8'],
    ]);
    expect(
      g.externalData.map(({ path, data }) => [path, [...new Float32Array(data.slice().buffer)]]),
    ).toEqual([
      ['w', [1, 2, 3, 4, 5, 6]],
      ['part', [7, 8]],
    ]);
  });

  it('may be called twice, and again after the graph has grown', () => {
    const g = linear();
    const before = g.encode({ opset: 20 });
    expect(g.encode({ opset: 20 })).toEqual(before);
    g.node('Neg', ['x']);
    expect(decode(g.encode({ opset: 20 })).graph!.node.length).toBe(2);
  });

  it('refuses models that reach the limit of protobuf messages', async () => {
    const huge = new Tensor('U8', [2 ** 30], new Uint8Array(2 ** 30)); // never written to, so hardly any memory
    const g = linear();
    g.constant('a', huge);
    g.constant('b', huge);
    await expectRefusal(() => g.encode({ opset: 21 }), 'graph linear', {
      error: UnsupportedError,
      says: [
        'over the limit of protobuf',
        `at most ${ONNX_BYTE_LIMIT} bytes`,
        'received 2147483672',
        '{ external: true }',
      ],
    });
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses opset %d', async (opset) => {
    await expectRefusal(() => linear().encode({ opset }), 'OnnxGraph.encode', {
      error: InvalidInputError,
      says: ['bad opset', 'a positive integer'],
    });
  });

  it('refuses a graph without outputs, and a domain that is not imported', async () => {
    await expectRefusal(() => new OnnxGraph('g').encode({ opset: 21 }), 'graph g', {
      error: InvalidInputError,
      says: ['has no output', 'at least one'],
    });
    const g = linear();
    g.node('Gelu', ['x'], { domain: 'com.microsoft', name: 'act' });
    expect(decode(g.encode({ opset: 21, microsoft: true })).graph!.node[1]!.domain).toBe('com.microsoft');
    await expectRefusal(() => g.encode({ opset: 21 }), 'node act', {
      error: InvalidInputError,
      says: ['is of com.microsoft', 'expected microsoft: true'],
    });
  });
});

describe('OnnxGraph.node', () => {
  const attributesOf = (attributes: Record<string, OnnxAttribute>) => {
    const g = linear();
    g.node('Op', ['x'], { attributes });
    return decode(g.encode({ opset: 21 })).graph!.node[1]!.attribute;
  };

  it('writes each kind of attribute with its type', () => {
    const utf8 = (text: string) => new TextEncoder().encode(text);
    expect(
      attributesOf({
        int: { int: -1 },
        big: { int: 2n ** 63n - 1n },
        zero: { int: 0 },
        float: { float: 0.1 },
        infinite: { float: Number.NEGATIVE_INFINITY },
        string: { string: 'é' },
        tensor: { tensor: weight },
        ints: { ints: [0, 2n, -3] },
        none: { ints: [] },
        floats: { floats: [1, 0.5] },
        strings: { strings: ['a', ''] },
      }),
    ).toMatchObject([
      { name: 'int', type: 2, i: -1n },
      { name: 'big', type: 2, i: 2n ** 63n - 1n },
      { name: 'zero', type: 2, i: 0n },
      { name: 'float', type: 1, f: Math.fround(0.1) },
      { name: 'infinite', type: 1, f: Number.NEGATIVE_INFINITY },
      { name: 'string', type: 3, s: utf8('é') },
      { name: 'tensor', type: 4, t: { name: 'tensor', dims: [2n, 3n], dataType: 1 } },
      { name: 'ints', type: 7, ints: [0n, 2n, -3n] },
      { name: 'none', type: 7, ints: [] },
      { name: 'floats', type: 6, floats: [1, 0.5] },
      { name: 'strings', type: 8, strings: [utf8('a'), utf8('')] },
    ]);
    expect(create(ModelProtoSchema).$typeName).toBe('onnx.ModelProto');
  });

  it.each<[string, unknown, string[]]>([
    ['a bare number', 5, ['one of the keys float, int', 'received none']],
    ['no kind', {}, ['bad attribute', 'received none']],
    ['two kinds', { int: 1, float: 1 }, ['received int, float']],
    ['an unknown kind', { graph: 1 }, ['received graph']],
    ['a fractional int', { int: 1.5 }, ['bad int', 'a 64-bit integer', 'received 1.5']],
    ['an int past 2^53', { int: 2 ** 53 }, ['bad int', 'as a bigint']],
    ['an int past 64 bits', { int: 2n ** 63n }, ['bad int', 'received 9223372036854775808']],
    ['a fraction among ints', { ints: [1, 0.5] }, ['bad int', 'received 0.5']],
    ['a float past float32', { float: 1e39 }, ['bad float', 'fits float32', 'received 1e+39']],
  ])('refuses %s as an attribute', async (_, value, says) => {
    await expectRefusal(() => attributesOf({ a: value as OnnxAttribute }), 'attribute a of node Op', {
      error: InvalidInputError,
      says,
    });
  });

  it('names one output or several, and leaves optional ones out', () => {
    const g = linear();
    expect(g.node('Neg', ['x'])).toBe('Neg_1');
    expect(g.node('TopK', ['x', 'w'], { outputs: 2 })).toEqual(['TopK_2', 'TopK_3']);
    expect(g.node('LSTM', ['x', '', 'w'], { outputs: ['', 'h'] })).toEqual(['', 'h']);
    g.input('Neg_4', 'F32', []);
    expect(g.node('Neg', ['h'])).toBe('Neg_5');
    const nodes = decode(g.encode({ opset: 21 })).graph!.node;
    expect(nodes[3]).toMatchObject({ input: ['x', '', 'w'], output: ['', 'h'], name: 'h' });
  });

  it.each<[string, (g: OnnxGraph) => unknown, string[]]>([
    ['an unknown input', (g) => g.node('Neg', ['y']), ['unknown value', 'an earlier node', 'received "y"']],
    ['a misspelt input', (g) => g.node('Neg', ['MatMul0']), ['Did you mean "MatMul_0"?']],
    ['an empty operator', (g) => g.node('', ['x']), ['empty operator name']],
    [
      'no outputs',
      (g) => g.node('Neg', ['x'], { outputs: 0 }),
      ['bad outputs', 'an integer from 1', 'received 0'],
    ],
    ['no output names', (g) => g.node('Neg', ['x'], { outputs: [''] }), ['no output', 'at least one name']],
    [
      'a taken output name',
      (g) => g.node('Neg', ['x'], { outputs: ['w'] }),
      ['name is taken', 'received "w"'],
    ],
    ['an output name twice', (g) => g.node('Neg', ['x'], { outputs: ['a', 'a'] }), ['name is taken', '"a"']],
    ['a taken input name', (g) => g.input('w', 'F32', []), ['OnnxGraph.input: name is taken']],
    ['a taken constant name', (g) => g.constant('x', weight), ['OnnxGraph.constant: name is taken']],
    ['an empty name', (g) => g.input('', 'F32', []), ['empty value name']],
    [
      'a negative axis',
      (g) => g.input('i', 'F32', [-1]),
      ['bad axis of i', 'an integer from 0', 'received -1'],
    ],
    ['a nameless axis', (g) => g.input('i', 'F32', ['']), ['bad axis of i']],
    ['an unknown output', (g) => g.output('nothing', 'F32', []), ['unknown value', 'graph linear']],
    ['an output twice', (g) => g.output('MatMul_0', 'F32', []), ['is an output already']],
    ['an empty graph name', () => new OnnxGraph(''), ['empty graph name']],
  ])('refuses %s', async (_, run, says) => {
    await expectRefusal(() => run(linear()), 'OnnxGraph', { error: InvalidInputError, says });
  });

  it('keeps no name of a node that it refused', () => {
    const g = linear();
    expect(() => g.node('Neg', ['x'], { outputs: ['a', 'x'] })).toThrow('name is taken');
    expect(g.node('Neg', ['x'], { outputs: ['a'] })).toEqual(['a']);
  });

  it.each<DType>(['U32', 'U64', 'F8_E4M3', 'F8_E5M2'])('refuses %s', async (dtype) => {
    const g = linear();
    await expectRefusal(() => g.input('i', dtype, []), 'value i', {
      error: UnsupportedError,
      says: ['dtype has no place in a graph', 'one of: F32, U8', `received ${dtype}`],
    });
    expect(g.input('i', 'F32', [])).toBe('i');
  });
});
