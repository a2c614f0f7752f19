import { UnsupportedError } from '@bitcliff/core';
import type { Place } from '../internal/elements.ts';
import { type DictKey, kindOf, type PickleDict, type PickleValue } from './pickle-values.ts';

/** An empty dict. @param ordered true for an OrderedDict */
export function emptyDict(ordered: boolean): PickleDict {
  return { kind: 'dict', ordered, entries: new Map() };
}

/**
 * Set an item; an equal key keeps its place, as in Python.
 * @throws {UnsupportedError} on a key that is not a scalar
 */
export function setItem(dict: PickleDict, key: PickleValue, value: PickleValue, place: Place): void {
  if (typeof key === 'object' && key !== null) {
    const expected = 'str, int, float, bool or None';
    throw new UnsupportedError({
      ...place,
      problem: 'key of a dict is not a scalar',
      expected,
      received: kindOf(key),
    });
  }
  dict.entries.set(dictKey(key), { key, value });
}

/** Keys that Python finds equal are one key: 1, 1.0 and True. Strings stand for themselves, so that no text is copied. */
function dictKey(key: DictKey): DictKey {
  if (typeof key === 'boolean') return key ? 1n : 0n;
  return typeof key === 'number' && Number.isInteger(key) ? BigInt(key) : key;
}
