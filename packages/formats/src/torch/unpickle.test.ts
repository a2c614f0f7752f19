import { FormatError, UnsupportedError } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { expectRefusal, type Refusal } from '../../test/hostile.ts';
import {
  build,
  dict,
  FALSE,
  float,
  get,
  global,
  int,
  list,
  MARK,
  NONE,
  type Ops,
  obj,
  orderedDict,
  pickle,
  put,
  reduce,
  STOP,
  shortStr,
  stackGlobal,
  storage,
  str,
  TRUE,
  tensor,
  tuple,
} from '../../test/pickle-bytes.ts';
import { flattenCheckpoint } from './flatten-checkpoint.ts';
import { kindOf, type PickleValue } from './pickle-values.ts';
import {
  TORCH_CONTAINER_LIMIT,
  TORCH_GLOBAL_LIMIT,
  TORCH_OPCODE_LIMIT,
  TORCH_VALUE_LIMIT,
} from './torch-limits.ts';
import { unpickle } from './unpickle.ts';

const FILE = 'x.pt';
const place = { op: 'openTorch', path: FILE };
const run = (bytes: Uint8Array): PickleValue => unpickle(bytes, place);
const load = (...ops: Ops[]): PickleValue => run(pickle(ops.flat()));
const flat = (...ops: Ops[]): Readonly<Record<string, string>> =>
  flattenCheckpoint(load(...ops), place).metadata;
const six = storage('FloatStorage', '0', 6);

describe('unpickle', () => {
  it('reads scalars of every opcode', () => {
    const bytes = (...values: number[]) => load(values);
    expect(load(NONE)).toBe(null);
    expect(load(TRUE)).toBe(true);
    expect(load(FALSE)).toBe(false);
    for (const n of [0, 255, 256, 65535, 65536, -1, -(2 ** 31)]) expect(load(int(n))).toBe(BigInt(n));
    for (const n of [2n ** 31n, -(2n ** 31n) - 1n, 2n ** 63n, -(2n ** 100n)]) expect(load(int(n))).toBe(n);
    expect(bytes(0x8a, 0)).toBe(0n);
    expect(bytes(0x8b, 2, 0, 0, 0, 0xff, 0xff)).toBe(-1n);
    expect(load(float(1.5))).toBe(1.5);
    expect(load(float(Number.NaN))).toBeNaN();
    expect(load(str('größe'))).toBe('größe');
    expect(load(shortStr('a'))).toBe('a');
    expect(bytes(0x8d, 1, 0, 0, 0, 0, 0, 0, 0, 0x61)).toBe('a');
    expect(bytes(0x55, 1, 0x61)).toBe('a');
    expect(bytes(0x54, 1, 0, 0, 0, 0x61)).toBe('a');
  });

  it('reads what older files have: _rebuild_tensor, OrderedDict of pairs, POP', () => {
    const args = tuple(six, int(0), tuple(int(6)), tuple(int(1)));
    expect(load(reduce(global('torch._utils', '_rebuild_tensor'), args))).toMatchObject({
      kind: 'tensor',
      dtype: 'F32',
    });
    const pairs = list(list(str('a'), int(1)), tuple(str('b'), int(2)));
    expect(flat(reduce(global('collections', 'OrderedDict'), tuple(pairs)))).toEqual({ a: '1', b: '2' });
    expect(load(int(1), int(2), [0x30])).toBe(1n);
    expect(load(int(1), MARK, [0x30])).toBe(1n);
    expect(load(int(1), MARK, int(2), int(3), [0x31])).toBe(1n);
  });

  it('keeps one item for keys that Python finds equal, in its first place', () => {
    const keys = dict(
      [int(1), str('a')],
      [str('1x'), NONE],
      [float(1), str('b')],
      [TRUE, str('c')],
      [NONE, str('d')],
    );
    expect(flat(keys)).toEqual({ true: 'c', '1x': 'null', null: 'd' });
    expect(flat(dict([float(0.5), int(1)], [float(-0), int(2)], [FALSE, int(3)]))).toEqual({
      '0.5': '1',
      false: '3',
    });
  });

  it('drops the state of an OrderedDict', () => {
    const state = obj({ _metadata: orderedDict({ '': obj({ version: int(1) }) }) });
    expect(flat(build(orderedDict({ a: int(1) }), state))).toEqual({ a: '1' });
  });

  it('reads a shared value at each of its places', () => {
    const shared = put(0, obj({ x: int(1) }));
    expect(flat(obj({ a: shared, b: get(0) }))).toEqual({ 'a.x': '1', 'b.x': '1' });
  });
});

describe('unpickle refuses by name', () => {
  const code: [string, string][] = [
    ['os', 'system'],
    ['posix', 'system'],
    ['nt', 'system'],
    ['builtins', 'eval'],
    ['builtins', 'exec'],
    ['builtins', 'getattr'],
    ['builtins', '__import__'],
    ['__builtin__', 'eval'],
    ['subprocess', 'Popen'],
    ['runpy', '_run_code'],
    ['torch', 'load'],
    ['torch.hub', 'load'],
    ['torch.jit', 'load'],
    ['torch.nn.modules.linear', 'Linear'],
    ['numpy.core.multiarray', '_reconstruct'],
    ['numpy.core.multiarray', 'scalar'],
    ['copyreg', '_reconstructor'],
    ['_codecs', 'encode'],
    ['argparse', 'Namespace'],
    ['pathlib', 'PosixPath'],
    ['collections', 'defaultdict'],
    ['collections', 'OrderedDict.__init__'],
    ['torch._utils', '_rebuild_sparse_tensor'],
    ['torch._utils', '_rebuild_wrapper_subclass'],
    ['torch._tensor', '_rebuild_from_type_v2'],
    ['', 'eval'],
    ['constructor', 'prototype'],
  ];
  const says = (module: string, name: string) => [
    'the pickle refers to code',
    `"${module}.${name}"`,
    'Python would import and run it',
  ];
  it.each(code)('GLOBAL, STACK_GLOBAL and INST of %s.%s', async (module, name) => {
    const refusal: Refusal = { error: UnsupportedError, says: says(module, name) };
    await expectRefusal(() => load(reduce(global(module, name), tuple(str('x')))), FILE, refusal);
    await expectRefusal(() => load(reduce(stackGlobal(module, name), tuple(str('x')))), FILE, refusal);
    const inst = [...MARK, 0x69, ...global(module, name).slice(1)];
    await expectRefusal(() => load(inst), FILE, refusal);
  });

  it.each([
    'ComplexFloatStorage',
    'ComplexDoubleStorage',
    'QInt8Storage',
    'QUInt4x2Storage',
    'UnknownStorage',
    'cuda.FloatStorage',
  ])('the storage type %s', async (name) => {
    const refusal = {
      error: UnsupportedError,
      says: ['unknown storage type', `"torch.${name}"`, 'torch.FloatStorage'],
    };
    await expectRefusal(() => load(storage(name, '0', 1)), FILE, refusal);
  });

  it.each(['complex64', 'qint8', 'float4_e2m1fn_x2', 'uint4'])('the dtype torch.%s', async (name) => {
    await expectRefusal(() => load(global('torch', name)), FILE, {
      error: UnsupportedError,
      says: ['unknown dtype', `"torch.${name}"`],
    });
  });

  const opcodes: [string, number[]][] = [
    ['OBJ', [...MARK, ...global('collections', 'OrderedDict'), 0x6f]],
    ['INST', [...MARK, 0x69, ...global('collections', 'OrderedDict').slice(1)]],
    ['NEWOBJ', [...global('collections', 'OrderedDict'), 0x29, 0x81]],
    ['NEWOBJ_EX', [0x29, 0x29, 0x7d, 0x92]],
    ['EXT1', [0x82, 1]],
    ['EXT2', [0x83, 1, 0]],
    ['EXT4', [0x84, 1, 0, 0, 0]],
    ['PERSID', [0x50, 0x30, 0x0a]],
    ['INT', [0x49, 0x31, 0x0a]],
    ['LONG', [0x4c, 0x31, 0x4c, 0x0a]],
    ['STRING', [0x53, 0x27, 0x27, 0x0a]],
    ['UNICODE', [0x56, 0x0a]],
    ['FLOAT', [0x46, 0x31, 0x0a]],
    ['DICT', [...MARK, 0x64]],
    ['LIST', [...MARK, 0x6c]],
    ['GET', [0x67, 0x30, 0x0a]],
    ['PUT', [0x4e, 0x70, 0x30, 0x0a]],
    ['DUP', [0x4e, 0x32]],
    ['BINBYTES', [0x42, 0, 0, 0, 0]],
    ['SHORT_BINBYTES', [0x43, 0]],
    ['BINBYTES8', [0x8e, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['BYTEARRAY8', [0x96, 0, 0, 0, 0, 0, 0, 0, 0]],
    ['EMPTY_SET', [0x8f]],
    ['ADDITEMS', [0x90]],
    ['FROZENSET', [0x91]],
    ['NEXT_BUFFER', [0x97]],
    ['READONLY_BUFFER', [0x98]],
  ];
  it.each(opcodes)('the opcode %s', async (name, ops) => {
    const says = ['refused pickle opcode', `received ${name}`, 'of data.pkl'];
    await expectRefusal(() => load(ops), FILE, { error: UnsupportedError, says });
  });

  const calls: [string, Ops, string][] = [
    ['a storage class', reduce(global('torch', 'FloatStorage'), tuple(int(9))), 'torch.FloatStorage'],
    ['a dtype', reduce(global('torch', 'float32'), tuple()), 'torch.float32'],
    ['BUILD on a dict', build(obj({}), obj({ __class__: str('x') })), 'dict'],
    ['BUILD on a tensor', build(tensor(six, 0, [6], [1]), obj({})), 'tensor'],
    ['BUILD on a class', build(global('collections', 'OrderedDict'), obj({})), 'collections.OrderedDict'],
    ['a tuple as a key', dict([tuple(int(1)), NONE]), 'tuple'],
    ['a tensor as a key', dict([tensor(six, 0, [6], [1]), NONE]), 'tensor'],
  ];
  it.each(calls)('%s', async (_, ops, name) => {
    await expectRefusal(() => load(ops), FILE, { error: UnsupportedError, says: [`received ${name}`] });
  });
});

describe('unpickle, malformed pickles', () => {
  const ordered = (...args: Ops[]) => reduce(global('collections', 'OrderedDict'), tuple(...args));
  const rebuild = (version: string, ...args: Ops[]) =>
    reduce(global('torch._utils', `_rebuild_${version}`), tuple(...args));
  const one = tuple(int(1));
  const persistent = (...items: Ops[]) => [...tuple(...items), 0x51];
  const float32 = global('torch', 'FloatStorage');
  const cases: [string, Ops, string[]][] = [
    ['an unknown opcode', [0xff], ['unknown pickle opcode', '0xff']],
    ['a second protocol', [0x80, 2], ['unknown pickle opcode', 'PROTO']],
    ['an empty stack', [], ['takes more values than its stack has']],
    ['two values', [...NONE, ...NONE], ['values left on its stack', 'received 2']],
    ['a mark that is left', [...MARK, ...NONE], ['values left on its stack', 'received a MARK']],
    ['a tuple without a mark', [0x74], ['no mark on its stack']],
    ['a value below the mark', [...NONE, ...MARK, 0x85], ['takes more values']],
    ['an append to a dict', [...obj({}), ...NONE, 0x61], ['not a list', 'received dict']],
    ['an append to a tuple', [0x29, ...MARK, ...NONE, 0x65], ['not a list', 'received tuple']],
    ['items of a list', [...list(), ...NONE, ...NONE, 0x73], ['not a dict', 'received list']],
    ['half a pair', [...obj({}), ...MARK, ...NONE, 0x75], ['not pairs', 'received 1']],
    ['a memo entry that is not there', get(5), ['memo entry that it did not write', 'received 5']],
    [
      'a global of numbers',
      [...int(1), ...int(2), 0x93],
      ['name of a global is not a string', 'int and int'],
    ],
    ['a long name', global('x'.repeat(TORCH_GLOBAL_LIMIT + 1), 'y'), ['name of a global is over the limit']],
    [
      'a long name on the stack',
      [...str('x'.repeat(600)), ...str('y'), 0x93],
      ['name of a global is over the limit'],
    ],
    ['a name without an end', [0x63, 0x61], ['pickle ends in an opcode']],
    ['a call of a string', reduce(str('eval'), tuple()), ['calls what is not a function', 'received str']],
    [
      'arguments in a list',
      reduce(global('collections', 'OrderedDict'), list()),
      ['not a tuple', 'received list'],
    ],
    ['OrderedDict of a number', ordered(int(1)), ['bad arguments of collections.OrderedDict']],
    [
      'OrderedDict of singles',
      ordered(list(one)),
      ['bad arguments of collections.OrderedDict', 'received tuple'],
    ],
    ['OrderedDict of two lists', ordered(list(), list()), ['bad arguments of collections.OrderedDict']],
    [
      'torch.Size of text',
      reduce(global('torch', 'Size'), tuple(tuple(str('x')))),
      ['bad arguments of torch.Size'],
    ],
    ['state that is no dict', build(orderedDict(), int(1)), ['bad state of an OrderedDict', 'received int']],
    ['text that is not UTF-8', [0x58, 1, 0, 0, 0, 0xff], ['string is not text']],
    ['text past the end', [0x58, 0xff, 0xff, 0xff, 0xff], ['pickle ends in an opcode', '4294967295 bytes']],
    ['text of 2^63 bytes', [0x8d, 0, 0, 0, 0, 0, 0, 0, 0x80], ['pickle ends in an opcode']],
    ['a frame past the end', [0x95, 9, 0, 0, 0, 0, 0, 0, 0], ['pickle ends in an opcode']],
    ['an integer past the end', [0x8a, 200], ['pickle ends in an opcode', '200 bytes']],
    ['an integer of 256 bytes', [0x8b, 0, 1, 0, 0], ['integer is over the limit', 'received 256']],
    ['an integer of 2^31 - 1 bytes', [0x8b, 0xff, 0xff, 0xff, 0x7f], ['integer is over the limit']],
    [
      'an integer of negative length',
      [0x8b, 0xff, 0xff, 0xff, 0xff],
      ['integer is over the limit', 'received -1'],
    ],
    ['a cut float', [0x47, 0], ['pickle ends in an opcode']],
    ['a persistent id of text', [...str('0'), 0x51], ['bad persistent id', 'received str']],
    ['a persistent id of three', persistent(str('storage'), float32, str('0')), ['bad persistent id']],
    [
      'another persistent id',
      persistent(str('module'), float32, str('0'), str('cpu'), int(1)),
      ['bad persistent id'],
    ],
    [
      'a storage of OrderedDict',
      [...storage('OrderedDict', '0', 1, 'collections')],
      ['bad persistent id', 'collections.OrderedDict'],
    ],
    [
      'a storage without a count',
      persistent(str('storage'), float32, str('0'), str('cpu'), NONE),
      ['bad element count'],
    ],
    ['a tensor without arguments', rebuild('tensor_v2'), ['wrong number of arguments', 'received 0']],
    [
      'a tensor of text',
      rebuild('tensor', str('0'), int(0), one, one),
      ['tensor without a storage', 'received str'],
    ],
    [
      'a tensor of untyped bytes',
      tensor(storage('UntypedStorage', '0', 4, 'torch.storage'), 0, [1], [1]),
      ['tensor without a dtype'],
    ],
    [
      'a dtype that is none',
      rebuild('tensor_v3', six, int(0), one, one, FALSE, orderedDict(), str('float32')),
      ['bad dtype of a tensor'],
    ],
    [
      'a dtype that differs',
      rebuild('tensor_v3', six, int(0), one, one, FALSE, orderedDict(), global('torch', 'int8')),
      ['dtype differs from its storage', 'expected F32, received I8'],
    ],
    [
      'a size in text',
      rebuild('tensor', six, int(0), tuple(str('1')), one),
      ['bad size of a tensor', 'received str'],
    ],
    [
      'a size that is a number',
      rebuild('tensor', six, int(0), int(1), one),
      ['bad size of a tensor', 'received int'],
    ],
    [
      'a size that is a float',
      rebuild('tensor', six, int(0), tuple(float(1)), one),
      ['bad size of a tensor', 'received float'],
    ],
    [
      'a size that is True',
      rebuild('tensor', six, int(0), tuple(TRUE), one),
      ['bad size of a tensor', 'received bool'],
    ],
    [
      'metadata that is no dict',
      rebuild('tensor_v2', six, int(0), one, one, FALSE, NONE, int(1)),
      ['bad metadata of a tensor'],
    ],
    [
      'a parameter of a dict',
      rebuild('parameter', obj({}), TRUE, orderedDict()),
      ['bad arguments for a parameter'],
    ],
  ];
  it.each(cases)('refuses %s', async (_, ops, says) => {
    await expectRefusal(() => load(ops), FILE, { error: FormatError, says });
  });

  it('refuses a negated tensor, other protocols, bytes after the end, no protocol', async () => {
    const negated = rebuild('tensor_v2', six, int(0), one, one, FALSE, NONE, obj({ conj: FALSE, neg: TRUE }));
    await expectRefusal(() => load(negated), FILE, {
      error: UnsupportedError,
      says: ['a flag', 'received neg', 'resolve_neg'],
    });
    for (const protocol of [0, 1, 6, 255]) {
      const says = ['unknown pickle protocol', `received ${protocol}`];
      await expectRefusal(() => run(pickle(NONE, protocol)), FILE, { error: UnsupportedError, says });
    }
    const after = new Uint8Array([...pickle(NONE), 0]);
    await expectRefusal(() => run(after), FILE, {
      error: FormatError,
      says: ['bytes after the end of the pickle'],
    });
    await expectRefusal(() => run(new Uint8Array([0x28, 0x2e])), FILE, {
      error: FormatError,
      says: ['expected PROTO, received MARK'],
    });
    await expectRefusal(() => run(new Uint8Array(0)), FILE, { error: FormatError, says: ['pickle ends'] });
  });

  it('refuses every cut of a good pickle', async () => {
    const good = pickle(obj({ a: tensor(six, 0, [6], [1]), b: list(int(300), float(2)), c: int(2n ** 70n) }));
    for (let length = 0; length < good.length; length++) {
      await expectRefusal(() => run(good.subarray(0, length)), FILE, { error: FormatError, says: [] });
    }
  });
});

describe('unpickle and flattenCheckpoint, bombs', () => {
  const refuse = (ops: Ops | Uint8Array, ...says: string[]) =>
    expectRefusal(() => flattenCheckpoint(run(ops instanceof Uint8Array ? ops : pickle(ops)), place), FILE, {
      error: FormatError,
      says,
    });
  const filled = (length: number, ...pattern: number[]): Uint8Array => {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) bytes[i] = pattern[i % pattern.length]!;
    bytes.set([0x80, 2]);
    return bytes;
  };

  it('stops at the limits of opcodes, containers and the stack', async () => {
    await refuse(
      filled(TORCH_OPCODE_LIMIT + 10, 0x4e, 0x30),
      `too many opcodes, expected at most ${TORCH_OPCODE_LIMIT}`,
    );
    await refuse(filled(TORCH_CONTAINER_LIMIT + 10, 0x5d), 'too many lists, dicts and tensors');
    await refuse(filled(TORCH_OPCODE_LIMIT + 10, 0x28), 'too many opcodes');
  });

  it('stops at the limit of values', async () => {
    const nones = filled(TORCH_VALUE_LIMIT + 10, 0x4e);
    nones.set([0x80, 2, 0x5d, 0x28]);
    nones.set([0x65, 0x2e], nones.length - 2);
    await refuse(nones, `too many values, expected at most ${TORCH_VALUE_LIMIT}`);
  });

  it('stops when memo entries double a structure over and over', async () => {
    for (const [open, close] of [
      [0x5d, 0x65],
      [0x29, 0x74],
    ] as const) {
      let ops: number[] = open === 0x5d ? [0x5d, 0x71, 0] : [0x29, 0x71, 0];
      for (let i = 0; i < 60; i++) {
        const twice = [0x68, i, 0x68, i];
        ops = ops.concat(open === 0x5d ? [0x5d, ...MARK, ...twice, close] : [...MARK, ...twice, close], [
          0x71,
          i + 1,
        ]);
      }
      await refuse([...MARK, ...ops, 0x74], 'names and metadata are over the limit');
    }
  });

  it('stops when one long string or list stands in many places', async () => {
    const text = [...put(0, str('x'.repeat(100_000))), ...Array.from({ length: 1000 }, () => get(0)).flat()];
    await refuse([0x5d, ...MARK, ...text, 0x65], 'names and metadata are over the limit');
    const key = Array.from({ length: 1000 }, (_, i) => [...int(i), ...dict([get(0), NONE])]).flat();
    const named = [...tuple(put(0, str('x'.repeat(100_000))), [0x7d, ...MARK, ...key, 0x75])];
    await refuse(named, 'names and metadata are over the limit');
    const pairs = list(...Array.from({ length: 1000 }, () => tuple(int(1), int(2))));
    const call = reduce(global('collections', 'OrderedDict'), tuple(get(0)));
    const calls = Array.from({ length: 2000 }, () => call).flat();
    await refuse([...tuple(put(0, pairs)), ...MARK, ...calls, 0x74], 'too many lists, dicts and tensors');
  });

  it('stops at deep nesting, without recursion in the interpreter', async () => {
    const deep = (levels: number): number[] => [0x29, ...new Array<number>(levels).fill(0x85)];
    await refuse(deep(500_000), 'nested too deep', 'at most 64 levels');
    expect(flattenCheckpoint(load(deep(60)), place).tensors.size).toBe(0);
  });

  it('refuses structures that contain themselves', async () => {
    await refuse([0x5d, 0x71, 0, 0x68, 0, 0x61], 'checkpoint contains itself', 'a cycle');
    await refuse(
      [0x7d, 0x71, 0, ...str('a'), ...obj({ b: get(0) }), 0x73],
      'checkpoint contains itself',
      'value "a.b"',
    );
  });

  it('refuses two values of one name, and a storage that is in no tensor', async () => {
    const w = tensor(six, 0, [6], [1]);
    await refuse(obj({ 'a.b': w, a: obj({ b: w }) }), 'two tensors of one name', '"a.b"');
    await refuse(obj({ 'a.b': int(1), a: obj({ b: int(2) }) }), 'two values of one name');
    await refuse(dict([str('1'), int(1)], [int(1), int(1)]), 'two values of one name');
    await expectRefusal(() => flat(obj({ s: six })), FILE, {
      error: UnsupportedError,
      says: ['storage that is not in a tensor', 'value "s"'],
    });
  });

  it('has words for every kind of value', () => {
    expect([undefined, null, true, 1n, 1, 'x'].map(kindOf)).toEqual([
      'nothing',
      'None',
      'bool',
      'int',
      'float',
      'str',
    ]);
    expect(load(...[STOP].slice(1), NONE)).toBe(null);
  });
});
