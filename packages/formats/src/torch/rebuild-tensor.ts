/** @file What torch's rebuild functions would do, as descriptions: torch/_utils.py, torch/serialization.py (persistent_load). */
import { bytesPerElement, type DType, FormatError, UnsupportedError } from '@bitcliff/core';
import type { Place } from '../internal/elements.ts';
import { storageDType, torchDType } from './pickle-globals.ts';
import { kindOf, type PickleStorage, type PickleTensor, type PickleValue } from './pickle-values.ts';
import { TORCH_RANK_LIMIT } from './torch-limits.ts';

/** Most flags of a tensor; torch has two, conj and neg. */
const METADATA_LIMIT = 8;

/**
 * The storage of a persistent id: the tuple ('storage', class, key, location, element count). The location, a device, does not matter here.
 * @throws {FormatError} when the id is anything else
 */
export function storageOfId(id: PickleValue, place: Place): PickleStorage {
  const items = typeof id === 'object' && id !== null && id.kind === 'tuple' ? id.items : [];
  const [tag, type, key, location, count] = items;
  const dtype = isGlobal(type) ? storageDType(type.name) : undefined;
  const typed = tag === 'storage' && typeof key === 'string' && typeof location === 'string';
  if (items.length !== 5 || !typed || dtype === undefined) {
    throw new FormatError({
      ...place,
      problem: 'bad persistent id',
      expected: "('storage', storage class, key, location, element count)",
      received: items.length === 0 ? kindOf(id) : `(${items.slice(0, 8).map(kindOf).join(', ')})`,
    });
  }
  const checked = sizeOf(count, 'element count of a storage', place);
  return { kind: 'storage', dtype: dtype === 'untyped' ? undefined : dtype, key, count: checked };
}

/**
 * The tensor of `_rebuild_tensor(storage, offset, size, stride)`, of `_v2(…, requires_grad, hooks[, metadata])`
 * or of `_v3(…, requires_grad, hooks, dtype[, metadata])`. Gradients and hooks are of no use here and dropped.
 * @throws {FormatError} when an argument has the wrong type or number  @throws {UnsupportedError} on conjugated or negated tensors
 */
export function rebuildTensor(version: 1 | 2 | 3, args: readonly PickleValue[], place: Place): PickleTensor {
  const fewest = { 1: 4, 2: 6, 3: 7 }[version];
  const most = version === 1 ? 4 : fewest + 1;
  if (args.length < fewest || args.length > most) {
    throw new FormatError({
      ...place,
      problem: 'wrong number of arguments for a tensor',
      expected: fewest === most ? `${most}` : `${fewest} or ${most}`,
      received: args.length,
    });
  }
  const [storage, offset, size, stride] = args;
  if (typeof storage !== 'object' || storage?.kind !== 'storage') {
    throw new FormatError({
      ...place,
      problem: 'tensor without a storage',
      expected: 'a storage',
      received: kindOf(storage),
    });
  }
  requireNoFlags(version === 1 ? undefined : args[fewest], place);
  const dtype = version === 3 ? dtypeOf(args[6]!, place) : requireTyped(storage, place);
  const shape = sizesOf(size, 'size of a tensor', place);
  const strides = sizesOf(stride, 'stride of a tensor', place);
  if (shape.length !== strides.length) {
    throw new FormatError({
      ...place,
      problem: 'stride does not fit the size of a tensor',
      expected: `${shape.length} strides`,
      received: strides.length,
    });
  }
  if (storage.dtype !== undefined && storage.dtype !== dtype) {
    throw new FormatError({
      ...place,
      problem: 'dtype differs from its storage',
      expected: storage.dtype,
      received: dtype,
    });
  }
  return {
    kind: 'tensor',
    dtype,
    storage,
    offset: sizeOf(offset, 'offset of a tensor', place),
    shape: Object.freeze(shape),
    strides,
  };
}

/** The tensor of `_rebuild_parameter(data, requires_grad, hooks)`. @throws {FormatError} when there is none */
export function rebuildParameter(args: readonly PickleValue[], place: Place): PickleTensor {
  const [data] = args;
  if (args.length === 3 && typeof data === 'object' && data?.kind === 'tensor') return data;
  throw new FormatError({
    ...place,
    problem: 'bad arguments for a parameter',
    expected: '(tensor, requires_grad, hooks)',
    received: `(${args.slice(0, 8).map(kindOf).join(', ')})`,
  });
}

/** Elements of a storage, counted in the elements of a dtype. */
export function elementsOf(storage: PickleStorage, dtype: DType): number {
  return storage.dtype === undefined ? Math.floor(storage.count / bytesPerElement(dtype)) : storage.count;
}

function isGlobal(value: PickleValue | undefined): value is PickleValue & { kind: 'global'; name: string } {
  return typeof value === 'object' && value?.kind === 'global';
}

function requireTyped(storage: PickleStorage, place: Place): DType {
  if (storage.dtype !== undefined) return storage.dtype;
  throw new FormatError({ ...place, problem: 'tensor without a dtype', expected: 'a typed storage' });
}

function dtypeOf(value: PickleValue, place: Place): DType {
  const dtype = isGlobal(value) ? torchDType(value.name) : undefined;
  if (dtype !== undefined) return dtype;
  throw new FormatError({
    ...place,
    problem: 'bad dtype of a tensor',
    expected: 'a torch dtype',
    received: kindOf(value),
  });
}

/** Torch's metadata of a tensor says whether its numbers stand for their conjugate or negative. */
function requireNoFlags(metadata: PickleValue | undefined, place: Place): void {
  if (metadata === undefined || metadata === null) return;
  if (typeof metadata === 'object' && metadata.kind === 'dict' && metadata.entries.size <= METADATA_LIMIT) {
    const set = [...metadata.entries.values()].find(({ value }) => value !== false);
    if (set === undefined) return;
    throw new UnsupportedError({
      ...place,
      problem: 'tensor with a flag that changes its numbers',
      expected: 'a tensor as it is',
      received: String(set.key),
      hint: 'Call resolve_conj().resolve_neg() before saving it',
    });
  }
  throw new FormatError({
    ...place,
    problem: 'bad metadata of a tensor',
    expected: `a dict of at most ${METADATA_LIMIT} flags`,
    received: kindOf(metadata),
  });
}

function sizesOf(value: PickleValue | undefined, what: string, place: Place): number[] {
  if (typeof value !== 'object' || value === null || (value.kind !== 'tuple' && value.kind !== 'list')) {
    throw new FormatError({
      ...place,
      problem: `bad ${what}`,
      expected: 'a tuple of integers',
      received: kindOf(value),
    });
  }
  if (value.items.length > TORCH_RANK_LIMIT) {
    throw new FormatError({
      ...place,
      problem: `${what} over the limit`,
      expected: `at most ${TORCH_RANK_LIMIT} axes`,
      received: value.items.length,
    });
  }
  return value.items.map((item) => sizeOf(item, what, place));
}

function sizeOf(value: PickleValue | undefined, what: string, place: Place): number {
  if (typeof value === 'bigint' && value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER))
    return Number(value);
  throw new FormatError({
    ...place,
    problem: `bad ${what}`,
    expected: 'an integer from 0 to 2^53 - 1',
    received: typeof value === 'bigint' ? `${value}`.slice(0, 40) : kindOf(value),
  });
}
