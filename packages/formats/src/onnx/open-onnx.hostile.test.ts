import { FormatError, UnsupportedError } from '@bitcliff/core';
import { expect, it } from 'vitest';
import { expectRefusal } from '../../test/hostile.ts';
import type { ByteSource } from '../byte-source.ts';
import { memorySource } from '../memory-source.ts';
import {
  externalProto,
  joined,
  lengthField,
  modelOf,
  modelOfGraph,
  modelWith,
  packedVarints,
  rawBytes,
  tensorProto,
  varintField,
} from './__fixtures__/raw-onnx.ts';
import { ONNX_INITIALIZER_LIMIT, ONNX_PIECE_LIMIT, ONNX_RANK_LIMIT } from './internal/read-limits.ts';
import { openOnnx } from './open-onnx.ts';

const raw = (length: number): Uint8Array => lengthField(9, new Uint8Array(length));
const w = (dataType: number, dims: (number | bigint)[], ...data: Uint8Array[]): Uint8Array =>
  modelOf(tensorProto('w', dataType, dims, data));
const good = tensorProto('w', 2, [2], [raw(2)]);
const cut = (bytes: Uint8Array, n: number): Uint8Array => bytes.slice(0, bytes.length - n);
const entry = (key: string, value: string): Uint8Array =>
  lengthField(14, [lengthField(1, key), lengthField(2, value)]);
const graphOf = (...fields: Uint8Array[]): Uint8Array => modelOfGraph(fields);

const FORMAT: readonly (readonly [name: string, bytes: Uint8Array, says: readonly string[]])[] = [
  ['an empty file', new Uint8Array(0), ['no ir_version']],
  ['no graph', varintField(1, 10), ['no graph']],
  ['no ir_version', lengthField(7, []), ['no ir_version']],
  ['a cut file', cut(modelOf(good), 3), ['longer than the message around it', 'ModelProto']],
  ['a cut tag', joined([modelOf(), rawBytes(0x80)]), ['bad varint', 'the end of the message']],
  [
    'a varint of eleven bytes',
    joined([modelOf(), rawBytes(0x28, ...Array(10).fill(0xff), 1)]),
    ['bad varint', 'received more'],
  ],
  ['a varint of 65 bits', joined([modelOf(), rawBytes(0x28, ...Array(9).fill(0xff), 2)]), ['bad varint']],
  ['a tag of 33 bits', joined([modelOf(), rawBytes(0x80, 0x80, 0x80, 0x80, 0x10, 0)]), ['bad field number']],
  ['field number 0', modelWith(rawBytes(0x00, 1)), ['bad field number']],
  ['a group', modelWith(rawBytes(0x0b)), ['bad wire type', 'a group, wire type 3']],
  ['the end of a group', modelWith(rawBytes(0x7c)), ['a group, wire type 4']],
  ['wire type 7', modelWith(rawBytes(0x7f)), ['received wire type 7']],
  ['a length of 2^63', modelWith(rawBytes(0x32, ...Array(8).fill(0xff), 0x7f)), ['longer than the message']],
  ['a fixed64 at the end', modelWith(rawBytes(0x79, 0, 0, 0)), ['longer than the message', 'received 8']],
  [
    'an initializer longer than its graph',
    graphOf(rawBytes(0x2a, 100, 0)),
    ['longer than the message', 'GraphProto'],
  ],
  [
    'raw_data longer than its tensor',
    graphOf(lengthField(5, [rawBytes(0x4a, 9, 0)])),
    ['longer than the message', 'initializer 0'],
  ],
  ['two graphs', modelWith(lengthField(7, [])), ['graph is there twice']],
  [
    'a graph that is a varint',
    joined([varintField(1, 10), varintField(7, 1)]),
    ['graph has the wrong wire type'],
  ],
  ['two ir_versions', modelWith(varintField(1, 9)), ['"ir_version" is there twice']],
  ['ir_version as text', lengthField(1, 'x'), ['ir_version has the wrong wire type']],
  [
    'two metadata entries of one key',
    modelWith(entry('a', 'b'), entry('a', 'c')),
    ['"metadata_props.a" is there twice'],
  ],
  [
    'a producer that is not UTF-8',
    joined([varintField(1, 10), lengthField(2, rawBytes(0xff, 0xfe))]),
    ['producer_name is not UTF-8'],
  ],
  [
    'two initializers of one name',
    modelOf(good, good),
    ['two initializers of one name', '"w"', 'initializer 1'],
  ],
  [
    'an initializer without a name',
    modelOf(joined([varintField(2, 2), raw(1)])),
    ['without a name', 'initializer 0'],
  ],
  ['an empty name', modelOf(tensorProto('', 2, [1], [raw(1)])), ['without a name']],
  ['two names', w(2, [1], raw(1), lengthField(8, 'v')), ['name is there twice']],
  [
    'a name that is too long',
    modelOf(tensorProto('x'.repeat(65_536), 2, [0], [])),
    ['is too long', 'at most 65535 bytes'],
  ],
  ['two data_types', w(2, [1], raw(1), varintField(2, 3)), ['data_type is there twice']],
  ['no data_type', modelOf(joined([lengthField(8, 'w'), raw(1)])), ['no data_type', 'tensor "w"']],
  ['UNDEFINED', w(0, [1], raw(1)), ['0, UNDEFINED']],
  ['a negative dimension', w(2, [-1], raw(1)), ['negative dimension', '[-1]']],
  ['dims that overflow', w(1, [2n ** 40n, 2n ** 40n], raw(4)), ['shape overflows']],
  ['an empty tensor with dims that overflow', w(1, [0, 2n ** 62n, 2n ** 62n]), ['shape overflows']],
  ['too many dims', w(2, Array(ONNX_RANK_LIMIT + 1).fill(1), raw(1)), ['too many dimensions', 'at most 64']],
  [
    'too many packed dims',
    w(2, [], lengthField(1, packedVarints(Array(65).fill(1))), raw(1)),
    ['too many dimensions'],
  ],
  [
    'packed dims of a megabyte',
    w(2, [], lengthField(1, new Uint8Array(2 ** 20)), raw(1)),
    ['too many dimensions', '1048576 bytes'],
  ],
  ['packed dims that are cut', w(2, [], lengthField(1, rawBytes(0x80)), raw(1)), ['bad varint in dims']],
  ['dims as fixed64', w(2, [], rawBytes(0x09, 1, 0, 0, 0, 0, 0, 0, 0)), ['dims has the wrong wire type']],
  [
    'raw_data that is short',
    w(1, [2, 2], raw(15)),
    ['raw_data does not fit F32 and shape [2, 2]', '16 bytes', 'received 15'],
  ],
  ['raw_data that is long', w(1, [2, 2], raw(17)), ['received 17']],
  ['a petabyte without data', w(1, [2n ** 48n]), ['no data for F32']],
  ['raw_data twice', w(2, [1], raw(1), raw(1)), ['raw_data is there twice']],
  [
    'raw and typed data',
    w(6, [1], raw(4), varintField(5, 1)),
    ['data in two fields', 'raw_data, int32_data'],
  ],
  [
    'typed data in two fields',
    w(6, [1], varintField(5, 1), varintField(7, 1)),
    ['int32_data and int64_data'],
  ],
  [
    'typed data in the wrong field',
    w(7, [1], varintField(5, 1)),
    ['wrong field', 'expected int64_data', 'received int32_data'],
  ],
  ['float_data as varints', w(1, [1], varintField(4, 1)), ['float_data has the wrong wire type']],
  [
    'packed floats that are cut',
    w(1, [1], lengthField(4, new Uint8Array(5))),
    ['packed data is cut', 'multiple of 4'],
  ],
  [
    'too few floats',
    w(1, [3], lengthField(4, new Uint8Array(8))),
    ['float_data does not fit', '3 values', 'received 2'],
  ],
  ['far too few varints', w(6, [100], lengthField(5, new Uint8Array(8))), ['100 values', 'received 1 to 8']],
  ['far too many varints', w(6, [1], lengthField(5, new Uint8Array(30))), ['1 values', 'received 3 to 30']],
  [
    'typed data in too many pieces',
    w(5, [2000], ...Array.from({ length: ONNX_PIECE_LIMIT + 1 }, () => lengthField(5, rawBytes(1)))),
    ['too many pieces'],
  ],
  ['string_data of a float tensor', w(1, [1], lengthField(6, 'x')), ['data of a F32 tensor', 'string_data']],
  ['data_location 2', w(2, [1], raw(1), varintField(14, 2)), ['bad data_location']],
  ['external and raw data', w(2, [1], raw(1), varintField(14, 1)), ['external data and data in the model']],
  ['an empty location', modelOf(externalProto({ location: '' })), ['bad location of external data']],
  ['no location', modelOf(externalProto({ offset: '0' })), ['bad location', 'received nothing']],
  ['a location in the parent', modelOf(externalProto({ location: '../x' })), ['bad location', '"../x"']],
  ['the parent itself', modelOf(externalProto({ location: '..' })), ['bad location']],
  ['an absolute location', modelOf(externalProto({ location: '/etc/passwd' })), ['"/etc/passwd"']],
  ['a location on a drive', modelOf(externalProto({ location: 'C:x' })), ['"C:x"']],
  ['a location with backslashes', modelOf(externalProto({ location: '..\\x' })), ['bad location']],
  ['a location with NUL', modelOf(externalProto({ location: 'a\0b' })), ['bad location']],
  [
    'an external offset below zero',
    modelOf(externalProto({ location: 'x', offset: '-1' })),
    ['bad offset', '"-1"'],
  ],
  [
    'an external offset over 2^53',
    modelOf(externalProto({ location: 'x', offset: '9999999999999999' })),
    ['bad offset'],
  ],
  [
    'an external length that is no number',
    modelOf(externalProto({ location: 'x', length: '0x8' })),
    ['bad length', '"0x8"'],
  ],
  [
    'an external length that does not fit',
    modelOf(externalProto({ location: 'x', length: '9' })),
    ['length of external data does not fit', '8 bytes'],
  ],
  [
    'an external offset past the file',
    modelOf(externalProto({ location: 'x', offset: '101' })),
    ['reaches past the end of "x"', 'at most 100 bytes', '101 + 8'],
  ],
  [
    'external data past the file',
    modelOf(externalProto({ location: 'x', offset: '93', length: '8' })),
    ['reaches past the end of "x"'],
  ],
  [
    'too many entries of external_data',
    modelOf(externalProto(Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, ''])))),
    ['too many entries of external_data', 'at most 64'],
  ],
  [
    'a key of external_data twice',
    w(1, [2], ...Array.from({ length: 2 }, () => lengthField(13, [lengthField(1, 'location')]))),
    ['key "location" of external_data is there twice'],
  ],
  [
    'too many operator sets',
    modelWith(...Array.from({ length: 10_001 }, () => lengthField(8, []))),
    ['too many operator sets', 'at most 10000'],
  ],
  [
    'too much metadata',
    modelWith(...Array.from({ length: 10_000 }, (_, i) => entry(`${i}`, ''))),
    ['too much metadata'],
  ],
];

const UNSUPPORTED: readonly (readonly [name: string, bytes: Uint8Array, says: readonly string[]])[] = [
  ['strings', w(8, [1], lengthField(6, 'x')), ['data_type is not read', 'STRING (8)', 'tensor "w"']],
  ['4-bit integers', w(22, [2], raw(1)), ['INT4 (22)']],
  ['complex numbers', w(14, [1], raw(8)), ['COMPLEX64 (14)']],
  ['a type from the future', w(99, [1], raw(8)), ['an unknown type (99)']],
  ['a segment', w(2, [1], lengthField(3, []), raw(1)), ['tensor in segments']],
  ['a sparse initializer', graphOf(lengthField(15, [])), ['sparse initializers are not read']],
];

let closed = 0;
const external = async (location: string): Promise<ByteSource> => ({
  ...memorySource(new Uint8Array(100), location),
  close: async () => void closed++,
});
const open = (bytes: Uint8Array) => openOnnx(memorySource(bytes, 'bad.onnx'), { external });

it.each(FORMAT)('refuses %s', async (_, bytes, says) => {
  await expectRefusal(() => open(bytes), 'bad.onnx', { error: FormatError, says });
});

it.each(UNSUPPORTED)('says that it does not read %s', async (_, bytes, says) => {
  await expectRefusal(() => open(bytes), 'bad.onnx', { error: UnsupportedError, says });
});

it.each<[string, Uint8Array, string[]]>([
  [
    'too few varints',
    w(6, [3], lengthField(5, rawBytes(1, 0x81, 1))),
    ['data is shorter', '3 values', 'received 2'],
  ],
  ['too many varints', w(6, [2], lengthField(5, rawBytes(1, 1, 1))), ['data is longer', '2 values']],
  ['a varint that is cut', w(6, [1], lengthField(5, rawBytes(0x80))), ['bad varint in the data']],
  [
    'a varint of eleven bytes',
    w(6, [2], lengthField(5, rawBytes(...Array(11).fill(0x80), 1))),
    ['bad varint in the data'],
  ],
  ['a U8 of 256', w(2, [1], varintField(5, 256)), ['element 0 does not fit U8', '0 to 255', 'received 256']],
  ['an F16 of 17 bits', w(10, [1], varintField(5, 65_536)), ['does not fit F16']],
  ['a U32 of 33 bits', w(12, [1], varintField(11, 2n ** 32n)), ['does not fit U32', '4294967296']],
  ['a boolean of 2', w(9, [1], varintField(5, 2)), ['does not fit BOOL']],
  ['a raw boolean of 2', w(9, [1], lengthField(9, rawBytes(2))), ['not a boolean']],
])('refuses to read %s', async (_, bytes, says) => {
  const tensors = await open(bytes);
  await expectRefusal(() => tensors.read('w'), 'bad.onnx', {
    error: FormatError,
    says: [...says, 'tensor "w"'],
  });
});

it('closes the external files of a model that it refuses, and not the model', async () => {
  closed = 0;
  const first = externalProto({ location: 'x' });
  const second = externalProto({ location: 'y', offset: '99' }, 'v');
  await expectRefusal(() => open(modelOf(first, second)), 'bad.onnx', {
    error: FormatError,
    says: ['past the end of "y"'],
  });
  expect(closed).toBe(2);
});

it('refuses too many initializers', async () => {
  const fields = Array.from({ length: ONNX_INITIALIZER_LIMIT + 1 }, (_, i) =>
    lengthField(5, tensorProto(`${i}`, 2, [0], [])),
  );
  const bytes = modelOfGraph(fields);
  await expectRefusal(() => open(bytes), 'bad.onnx', {
    error: FormatError,
    says: ['too many initializers', `at most ${ONNX_INITIALIZER_LIMIT}`],
  });
});
