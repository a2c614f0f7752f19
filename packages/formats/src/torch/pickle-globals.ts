/** @file The closed list of names that a checkpoint's pickle may refer to. Every other name is refused: in Python it would be imported and run. */
import type { DType } from '@bitcliff/core';
import { UnsupportedError } from '@bitcliff/core';
import type { Place } from '../internal/elements.ts';
import { quote } from '../internal/quote.ts';
import type { PickleGlobal } from './pickle-values.ts';

/** Names of torch's storage classes that have a dtype here. torch/storage.py, _dtype_to_storage_type_map */
const STORAGE_DTYPES: ReadonlyMap<string, DType> = new Map<string, DType>([
  ['torch.DoubleStorage', 'F64'],
  ['torch.FloatStorage', 'F32'],
  ['torch.HalfStorage', 'F16'],
  ['torch.BFloat16Storage', 'BF16'],
  ['torch.LongStorage', 'I64'],
  ['torch.IntStorage', 'I32'],
  ['torch.ShortStorage', 'I16'],
  ['torch.CharStorage', 'I8'],
  ['torch.ByteStorage', 'U8'],
  ['torch.BoolStorage', 'BOOL'],
]);

/** Storages of plain bytes: the tensor says the dtype. */
const UNTYPED_STORAGES: ReadonlySet<string> = new Set([
  'torch.storage.UntypedStorage',
  'torch.UntypedStorage',
]);

/** torch's dtypes that have a dtype here; `_rebuild_tensor_v3` takes one, and configurations mention them. */
const TORCH_DTYPES: ReadonlyMap<string, DType> = new Map<string, DType>([
  ['torch.float64', 'F64'],
  ['torch.float32', 'F32'],
  ['torch.float16', 'F16'],
  ['torch.bfloat16', 'BF16'],
  ['torch.float8_e4m3fn', 'F8_E4M3'],
  ['torch.float8_e5m2', 'F8_E5M2'],
  ['torch.int64', 'I64'],
  ['torch.int32', 'I32'],
  ['torch.int16', 'I16'],
  ['torch.int8', 'I8'],
  ['torch.uint64', 'U64'],
  ['torch.uint32', 'U32'],
  ['torch.uint16', 'U16'],
  ['torch.uint8', 'U8'],
  ['torch.bool', 'BOOL'],
]);

/** Names that REDUCE may call, each with an implementation of its own in rebuild-tensor.ts or unpickle.ts. */
export const CALLABLE = {
  orderedDict: 'collections.OrderedDict',
  size: 'torch.Size',
  rebuildTensor: 'torch._utils._rebuild_tensor',
  rebuildTensorV2: 'torch._utils._rebuild_tensor_v2',
  rebuildTensorV3: 'torch._utils._rebuild_tensor_v3',
  rebuildParameter: 'torch._utils._rebuild_parameter',
} as const;

const KNOWN: ReadonlyMap<string, PickleGlobal> = new Map(
  [...STORAGE_DTYPES.keys(), ...UNTYPED_STORAGES, ...TORCH_DTYPES.keys(), ...Object.values(CALLABLE)].map(
    (name) => [name, { kind: 'global', name }],
  ),
);

/**
 * Look a name up in the list.
 * @throws {UnsupportedError} when it is not there; the message has the name and says what Python would do
 */
export function findGlobal(module: string, attribute: string, place: Place): PickleGlobal {
  const name = `${module}.${attribute}`;
  const known = KNOWN.get(name);
  if (known !== undefined) return known;
  const typeOfStorage = /^torch\.(?:\w+\.)*\w+Storage$/.test(name);
  const typeOfData = /^torch\.(?:complex|quint|qint|float|int|uint|bits)\d\w*$/.test(name);
  if (typeOfStorage || typeOfData) {
    throw new UnsupportedError({
      ...place,
      problem: typeOfStorage ? 'unknown storage type' : 'unknown dtype',
      expected: `one of: ${[...(typeOfStorage ? STORAGE_DTYPES : TORCH_DTYPES).keys()].join(', ')}`,
      received: quote(name),
    });
  }
  throw new UnsupportedError({
    ...place,
    problem: 'the pickle refers to code',
    expected: 'only tensors, OrderedDict and scalars',
    received: quote(name),
    hint: 'Python would import and run it on loading: open the file there only if you trust it, and save a state_dict of tensors',
  });
}

/** Dtype of a storage class; `untyped` for plain bytes; undefined when the name is not a storage class. */
export function storageDType(name: string): DType | 'untyped' | undefined {
  return UNTYPED_STORAGES.has(name) ? 'untyped' : STORAGE_DTYPES.get(name);
}

/** Dtype of a torch dtype's name, or undefined. */
export function torchDType(name: string): DType | undefined {
  return TORCH_DTYPES.get(name);
}
