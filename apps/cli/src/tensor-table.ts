import { printable } from './printable.ts';
import { textTable } from './text-table.ts';

/** What the table shows of a tensor. */
export interface TensorRow {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

/** Tensors whose names differ only in one number, with the same dtype and shape. */
export interface TensorFamily extends TensorRow {
  /** Name with the numbers as a range: `model.layers.{0-31}.mlp.up_proj.weight`. */
  readonly name: string;
  readonly count: number;
  /** Bytes of all members. */
  readonly byteLength: number;
}

/** Names in natural order: `layers.2` before `layers.10`. */
export function naturalOrder(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/**
 * Put repeated layers together, so that a model of a thousand tensors reads on one screen. Members of a family differ in the first number of
 * their names; a family is split where dtype or shape changes.
 * @param tensors in natural order
 */
export function groupTensors(tensors: readonly TensorRow[]): TensorFamily[] {
  const families = new Map<
    string,
    { first: TensorRow; numbers: number[]; byteLength: number; members: TensorRow[] }
  >();
  for (const tensor of tensors) {
    const number = /(?<=\.|^)\d+(?=\.|$)/.exec(tensor.name);
    const pattern =
      number === null
        ? tensor.name
        : `${tensor.name.slice(0, number.index)}*${tensor.name.slice(number.index + number[0].length)}`;
    const key = `${pattern} ${tensor.dtype} ${tensor.shape.join(',')}`;
    const family = families.get(key) ?? { first: tensor, numbers: [], byteLength: 0, members: [] };
    families.set(key, family);
    if (number !== null) family.numbers.push(Number(number[0]));
    family.members.push(tensor);
    family.byteLength += tensor.byteLength;
  }
  return [...families].map(([key, { first, numbers, byteLength, members }]) => ({
    ...first,
    name:
      members.length === 1 ? first.name : key.slice(0, key.indexOf(' ')).replace('*', `{${ranges(numbers)}}`),
    count: members.length,
    byteLength,
  }));
}

/** 0, 1, 2, 5 → "0-2,5". */
function ranges(numbers: readonly number[]): string {
  const parts: [number, number][] = [];
  for (const n of numbers) {
    const open = parts.at(-1);
    if (open !== undefined && n === open[1] + 1) open[1] = n;
    else parts.push([n, n]);
  }
  return parts.map(([a, b]) => (a === b ? `${a}` : `${a}-${b}`)).join(',');
}

/** A row per family, then the totals by dtype. */
export function renderTensorTable(tensors: readonly TensorRow[], options: { all: boolean }): string {
  const sorted = [...tensors].sort((a, b) => naturalOrder(a.name, b.name));
  const families = options.all ? sorted.map((tensor) => ({ ...tensor, count: 1 })) : groupTensors(sorted);
  const rows = families.map(({ name, dtype, shape, count, byteLength }) => [
    printable(name),
    dtype,
    `[${shape.join(', ')}]`,
    count === 1 ? '' : `× ${count}`,
    formatBytes(byteLength),
  ]);
  const totals = totalsByDtype(tensors).map(({ dtype, tensors: n, elements, bytes }) => [
    `${n} tensors`,
    dtype,
    `${formatCount(elements)} elements`,
    '',
    formatBytes(bytes),
  ]);
  return textTable(['tensor', 'dtype', 'shape', '', 'bytes'], [...rows, ...totals], totals.length);
}

/** Tensors, elements and bytes of each dtype, largest first. */
export function totalsByDtype(
  tensors: readonly TensorRow[],
): { dtype: string; tensors: number; elements: number; bytes: number }[] {
  const totals = new Map<string, { dtype: string; tensors: number; elements: number; bytes: number }>();
  for (const { dtype, shape, byteLength } of tensors) {
    const total = totals.get(dtype) ?? { dtype, tensors: 0, elements: 0, bytes: 0 };
    totals.set(dtype, total);
    total.tensors++;
    total.elements += shape.reduce((product, size) => product * size, 1);
    total.bytes += byteLength;
  }
  return [...totals.values()].sort((a, b) => b.bytes - a.bytes);
}

/** 1_536 → "1.50 KiB". */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(2)} ${units[unit]}`;
}

/** 1_234_567 → "1,234,567". */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}
