/** @file What a pickle of a checkpoint can hold. Nothing here is a live object: dicts are Maps, classes are names, tensors are descriptions. */
import type { DType } from '@bitcliff/core';

/** An unpickled value: Python's int is a bigint, float a number, None null, str a string. */
export type PickleValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | PickleList
  | PickleDict
  | PickleGlobal
  | PickleStorage
  | PickleTensor;

/** A list, or a tuple (torch.Size is one). */
export interface PickleList {
  readonly kind: 'list' | 'tuple';
  readonly items: PickleValue[];
}

/** A dict or an OrderedDict, in order of insertion. */
export interface PickleDict {
  readonly kind: 'dict';
  readonly ordered: boolean;
  /** By the key, made equal where Python finds keys equal. */
  readonly entries: Map<DictKey, { readonly key: DictKey; readonly value: PickleValue }>;
}

/** Keys that are kept; Python allows any hashable value. */
export type DictKey = null | boolean | bigint | number | string;

/** A name that the pickle refers to: one of the table of pickle-globals.ts, never code. */
export interface PickleGlobal {
  readonly kind: 'global';
  /** Module and attribute: "torch.FloatStorage". */
  readonly name: string;
}

/** A storage: elements of one file entry, shared by any number of tensors. */
export interface PickleStorage {
  readonly kind: 'storage';
  /** `undefined` for bytes whose type the tensor says. */
  readonly dtype: DType | undefined;
  /** Its entry is `data/<key>`. */
  readonly key: string;
  /** Elements, or bytes without a dtype. */
  readonly count: number;
}

/** A strided view of a storage, not yet checked against it. Offset and strides count elements. */
export interface PickleTensor {
  readonly kind: 'tensor';
  readonly dtype: DType;
  readonly storage: PickleStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** What a value is, for messages. */
export function kindOf(value: PickleValue | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'None';
  if (typeof value === 'object') return value.kind === 'global' ? value.name : value.kind;
  const names = { boolean: 'bool', bigint: 'int', number: 'float', string: 'str' } as const;
  return names[typeof value as keyof typeof names];
}
