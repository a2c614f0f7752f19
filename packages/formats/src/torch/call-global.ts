import { FormatError, UnsupportedError } from '@bitcliff/core';
import type { Place } from '../internal/elements.ts';
import { emptyDict, setItem } from './pickle-dict.ts';
import { CALLABLE } from './pickle-globals.ts';
import { kindOf, type PickleDict, type PickleValue } from './pickle-values.ts';
import { rebuildParameter, rebuildTensor } from './rebuild-tensor.ts';
import { TORCH_RANK_LIMIT } from './torch-limits.ts';

/**
 * What REDUCE would call: a switch over the closed list of names, each with its own implementation here. No code is looked up.
 * @throws {UnsupportedError} on a name that is no function  @throws {FormatError} on another value, or bad arguments
 */
export function callGlobal(callee: PickleValue, args: PickleValue, place: Place): PickleValue {
  if (typeof callee !== 'object' || callee?.kind !== 'global') {
    throw new FormatError({
      ...place,
      problem: 'pickle calls what is not a function',
      expected: 'a name of the closed list',
      received: kindOf(callee),
    });
  }
  if (typeof args !== 'object' || args?.kind !== 'tuple') {
    throw new FormatError({
      ...place,
      problem: `arguments of ${callee.name} are not a tuple`,
      expected: 'a tuple',
      received: kindOf(args),
    });
  }
  const { items } = args;
  switch (callee.name) {
    case CALLABLE.orderedDict:
      return orderedDict(items, place);
    case CALLABLE.size:
      return torchSize(items, place);
    case CALLABLE.rebuildTensor:
      return rebuildTensor(1, items, place);
    case CALLABLE.rebuildTensorV2:
      return rebuildTensor(2, items, place);
    case CALLABLE.rebuildTensorV3:
      return rebuildTensor(3, items, place);
    case CALLABLE.rebuildParameter:
      return rebuildParameter(items, place);
    default:
      throw new UnsupportedError({
        ...place,
        problem: 'pickle calls what is not a function',
        expected: `one of: ${Object.values(CALLABLE).join(', ')}`,
        received: callee.name,
      });
  }
}

/** `OrderedDict()`, or the older `OrderedDict([[key, value], …])`. */
function orderedDict(args: readonly PickleValue[], place: Place): PickleDict {
  const dict = emptyDict(true);
  const [pairs] = args;
  if (args.length === 0) return dict;
  const bad = (received: PickleValue | undefined): FormatError => {
    const expected = 'none, or a list of pairs';
    const problem = 'bad arguments of collections.OrderedDict';
    return new FormatError({ ...place, problem, expected, received: kindOf(received) });
  };
  if (args.length > 1 || typeof pairs !== 'object' || pairs?.kind !== 'list') throw bad(pairs);
  for (const pair of pairs.items) {
    const isPair = typeof pair === 'object' && pair !== null && 'items' in pair && pair.items.length === 2;
    if (!isPair) throw bad(pair);
    setItem(dict, pair.items[0]!, pair.items[1]!, place);
  }
  return dict;
}

/** `torch.Size(tuple)`, which is a tuple of integers. */
function torchSize(args: readonly PickleValue[], place: Place): PickleValue {
  const [sizes] = args;
  const isTuple = typeof sizes === 'object' && sizes?.kind === 'tuple';
  const fits = isTuple && sizes.items.length <= TORCH_RANK_LIMIT; // first, so that the check below is short
  if (args.length === 1 && fits && sizes.items.every((size) => typeof size === 'bigint')) return sizes;
  throw new FormatError({
    ...place,
    problem: 'bad arguments of torch.Size',
    expected: `a tuple of at most ${TORCH_RANK_LIMIT} integers`,
    received: kindOf(sizes),
  });
}
