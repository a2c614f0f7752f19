/** @file From the nested dicts and lists of a checkpoint to named tensors and text: {"model": {"w": …}, "epoch": 3} gives "model.w" and "epoch". */
import { FormatError, UnsupportedError } from '@bitcliff/core';
import type { Place } from '../internal/elements.ts';
import { quote } from '../internal/quote.ts';
import type { PickleList, PickleTensor, PickleValue } from './pickle-values.ts';
import { TORCH_DEPTH_LIMIT, TORCH_TEXT_LIMIT, TORCH_VALUE_LIMIT } from './torch-limits.ts';

/** A checkpoint without its nesting. */
export interface FlatCheckpoint {
  readonly tensors: ReadonlyMap<string, PickleTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Names for a checkpoint that is one tensor or one scalar, not a dict. */
const ROOT_TENSOR = 'tensor';
const ROOT_VALUE = 'value';

type Scalar = null | boolean | bigint | number | string;

/**
 * Flatten a checkpoint. Keys are joined by dots and list positions are keys. Strings become metadata as they are, other scalars and lists
 * of scalars as JSON text (NaN and infinities by these names), dtypes by their names.
 * @throws {FormatError} when two values get one name, the nesting is too deep or contains itself, or there is more than the limits allow
 * @throws {UnsupportedError} on a storage that is not in a tensor
 */
export function flattenCheckpoint(root: PickleValue, place: Place): FlatCheckpoint {
  const tensors = new Map<string, PickleTensor>();
  const metadata = new Map<string, string>();
  const open = new Set<PickleValue>();
  let visited = 0;
  let textLength = 0;

  const fail = (problem: string, expected: string, received: string | number, name?: string): FormatError => {
    const where = name === undefined ? {} : { where: `value ${quote(name)}` };
    return new FormatError({ ...place, problem, expected, received, ...where });
  };
  const countVisit = (): void => {
    if (++visited > TORCH_VALUE_LIMIT) {
      throw fail('checkpoint has too many values', `at most ${TORCH_VALUE_LIMIT}`, 'more');
    }
  };
  const countText = (length: number): void => {
    textLength += length;
    if (textLength > TORCH_TEXT_LIMIT) {
      throw fail('names and metadata are over the limit', `at most ${TORCH_TEXT_LIMIT} characters`, 'more');
    }
  };
  const put = <T>(map: Map<string, T>, name: string, value: T, what: string): void => {
    if (map.has(name)) throw fail(`two ${what} of one name`, 'every name once', quote(name));
    map.set(name, value);
  };
  /** The text of a scalar; its length is counted before it is made. */
  const textOf = (value: Scalar, json: boolean): string => {
    countText(typeof value === 'string' ? value.length + 3 : 1);
    return typeof value === 'string' && !json ? value : scalarText(value);
  };
  const listText = (items: readonly Scalar[]): string => {
    const texts = items.map((item) => {
      countVisit();
      return textOf(item, true);
    });
    return `[${texts.join(',')}]`;
  };
  const join = (prefix: string, key: string): string => {
    countText(prefix.length + key.length);
    return prefix + key;
  };

  const visit = (name: string, value: PickleValue, depth: number): void => {
    countVisit();
    if (depth > TORCH_DEPTH_LIMIT) {
      throw fail('checkpoint is nested too deep', `at most ${TORCH_DEPTH_LIMIT} levels`, 'more', name);
    }
    if (typeof value !== 'object' || value === null) {
      put(metadata, depth === 0 ? ROOT_VALUE : name, textOf(value, false), 'values');
      return;
    }
    if (value.kind === 'tensor') {
      put(tensors, depth === 0 ? ROOT_TENSOR : name, value, 'tensors');
      return;
    }
    if (value.kind === 'global') {
      put(metadata, depth === 0 ? ROOT_VALUE : name, textOf(value.name, false), 'values');
      return;
    }
    if (value.kind === 'storage') {
      const where = `value ${quote(name)}`;
      const problem = 'storage that is not in a tensor';
      throw new UnsupportedError({ ...place, problem, expected: 'tensors and scalars', where });
    }
    if (value.kind !== 'dict' && isScalarList(value)) {
      put(metadata, depth === 0 ? ROOT_VALUE : name, listText(value.items as Scalar[]), 'values');
      return;
    }
    if (open.has(value)) throw fail('checkpoint contains itself', 'a tree', 'a cycle', name);
    open.add(value);
    const prefix = depth === 0 ? '' : `${name}.`;
    if (value.kind === 'dict') {
      for (const { key, value: item } of value.entries.values()) {
        visit(join(prefix, typeof key === 'string' ? key : scalarText(key)), item, depth + 1);
      }
    } else {
      for (const [i, item] of value.items.entries()) visit(join(prefix, `${i}`), item, depth + 1);
    }
    open.delete(value);
  };
  visit('', root, 0);
  return { tensors, metadata: Object.freeze(Object.fromEntries(metadata)) };
}

function isScalarList(list: PickleList): boolean {
  return list.items.every((item) => typeof item !== 'object' || item === null);
}

/** JSON, with an integer of any length, and with the names of the numbers that JSON lacks. */
function scalarText(value: Scalar): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return Object.is(value, -0) ? '-0' : String(value);
}
