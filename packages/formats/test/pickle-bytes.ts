/** @file A small pickle writer for tests: each function gives the opcodes that push one value. */

/** Opcodes and their arguments. */
export type Ops = readonly number[];

const utf8 = (text: string): number[] => [...new TextEncoder().encode(text)];
const u32 = (n: number): number[] => [n & 255, (n >>> 8) & 255, (n >>> 16) & 255, (n >>> 24) & 255];

export const NONE: Ops = [0x4e];
export const TRUE: Ops = [0x88];
export const FALSE: Ops = [0x89];
export const MARK: Ops = [0x28];
export const STOP: Ops = [0x2e];

/** A whole pickle around one value. */
export function pickle(value: Ops, protocol = 2): Uint8Array {
  return new Uint8Array([0x80, protocol, ...value, ...STOP]);
}

export function str(text: string): Ops {
  const bytes = utf8(text);
  return [0x58, ...u32(bytes.length), ...bytes];
}

export function shortStr(text: string): Ops {
  const bytes = utf8(text);
  return [0x8c, bytes.length, ...bytes];
}

/** An integer in the shortest opcode, as Python writes it. */
export function int(value: number | bigint): Ops {
  const n = BigInt(value);
  if (n >= 0n && n < 256n) return [0x4b, Number(n)];
  if (n >= 0n && n < 65536n) return [0x4d, Number(n) & 255, Number(n) >> 8];
  if (n >= -(2n ** 31n) && n < 2n ** 31n) return [0x4a, ...u32(Number(n))];
  let length = 1;
  while (BigInt.asIntN(length * 8, n) !== n) length++;
  const bytes = Array.from({ length }, (_, i) => Number((n >> BigInt(8 * i)) & 255n));
  return [0x8a, length, ...bytes];
}

export function float(value: number): Ops {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, false);
  return [0x47, ...bytes];
}

export function tuple(...items: Ops[]): Ops {
  if (items.length === 0) return [0x29];
  if (items.length <= 3) return [...items.flat(), 0x84 + items.length];
  return [...MARK, ...items.flat(), 0x74];
}

export function list(...items: Ops[]): Ops {
  return items.length === 0 ? [0x5d] : [0x5d, ...MARK, ...items.flat(), 0x65];
}

export function dict(...pairs: [Ops, Ops][]): Ops {
  return pairs.length === 0 ? [0x7d] : [0x7d, ...MARK, ...pairs.flat(2), 0x75];
}

/** A dict with string keys. */
export function obj(entries: Readonly<Record<string, Ops>> | ReadonlyMap<string, Ops>): Ops {
  const pairs = entries instanceof Map ? [...entries] : Object.entries(entries);
  return dict(...pairs.map(([key, value]): [Ops, Ops] => [str(key), value]));
}

export function global(module: string, name: string): Ops {
  return [0x63, ...utf8(`${module}\n${name}\n`)];
}

export function stackGlobal(module: string, name: string): Ops {
  return [...shortStr(module), ...shortStr(name), 0x93];
}

export function reduce(callee: Ops, args: Ops): Ops {
  return [...callee, ...args, 0x52];
}

export function build(target: Ops, state: Ops): Ops {
  return [...target, ...state, 0x62];
}

export function put(index: number, value: Ops): Ops {
  return index < 256 ? [...value, 0x71, index] : [...value, 0x72, ...u32(index)];
}

export function get(index: number): Ops {
  return index < 256 ? [0x68, index] : [0x6a, ...u32(index)];
}

export function orderedDict(entries: Readonly<Record<string, Ops>> = {}): Ops {
  const made = reduce(global('collections', 'OrderedDict'), tuple());
  const pairs = Object.entries(entries);
  if (pairs.length === 0) return made;
  return [...made, ...MARK, ...pairs.flatMap(([key, value]) => [...str(key), ...value]), 0x75];
}

/** The persistent id of a storage, resolved. */
export function storage(type: string, key: string, count: number | bigint, module = 'torch'): Ops {
  return [...tuple(str('storage'), global(module, type), str(key), str('cpu'), int(count)), 0x51];
}

const sizes = (values: readonly (number | bigint)[]): Ops => tuple(...values.map(int));

/** `_rebuild_tensor_v2` of a storage. */
export function tensor(
  from: Ops,
  offset: number | bigint,
  shape: readonly (number | bigint)[],
  strides: readonly (number | bigint)[],
): Ops {
  const args = tuple(from, int(offset), sizes(shape), sizes(strides), FALSE, orderedDict());
  return reduce(global('torch._utils', '_rebuild_tensor_v2'), args);
}
