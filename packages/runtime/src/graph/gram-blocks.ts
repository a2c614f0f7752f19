/**
 * @file Xᵀ X in blocks on and below the diagonal: it is symmetric, so that the others need not be computed. Inputs of 3072 take half the time of one product
 * (six parts; measured on two x86-64 cores).
 */
import { Tensor } from '@bitcliff/core';
import type { WeightedGraph } from './weighted-graph.ts';

/** Columns of X in a part. */
const PART = 512;

/** A block of the matrix, as an output `<point>.gram.<row part>.<column part>`. */
interface GramBlock {
  readonly name: string;
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly columns: number;
}

function gramBlocks(point: string, features: number): GramBlock[] {
  const blocks: GramBlock[] = [];
  for (let row = 0; row < features; row += PART) {
    for (let column = 0; column <= row; column += PART) {
      const name = `${point}.gram.${row / PART}.${column / PART}`;
      const [rows, columns] = [Math.min(PART, features - row), Math.min(PART, features - column)];
      blocks.push({ name, row, column, rows, columns });
    }
  }
  return blocks;
}

/** Add the blocks of Xᵀ X to a graph. @param x name of f32[S, features] */
export function addGramBlocks(graph: WeightedGraph, point: string, x: string, features: number): void {
  const blocks = gramBlocks(point, features);
  const constant = (id: string, value: number): string =>
    graph.constant(`${point}.gram_${id}`, new Tensor('I64', [1], BigInt64Array.of(BigInt(value))));
  const parts = new Map<number, string>([[0, x]]);
  if (features > PART) {
    const axis = constant('axis', 1);
    for (let from = 0; from < features; from += PART) {
      const to = Math.min(features, from + PART);
      parts.set(
        from,
        graph.node('Slice', [x, constant(`from_${from}`, from), constant(`to_${from}`, to), axis]),
      );
    }
  }
  for (const { name, row, column, rows, columns } of blocks) {
    const sides = [parts.get(row)!, parts.get(column)!];
    graph.node('Gemm', sides, { outputs: [name], attributes: { transA: { int: 1 } } });
    graph.output(name, 'F32', [rows, columns]);
  }
}

/** Bytes of the blocks of one sequence. */
export function gramBlockBytes(features: number): number {
  return gramBlocks('', features).reduce((sum, { rows, columns }) => sum + 4 * rows * columns, 0);
}

/** Arrays that the blocks can be written to, by the names of the outputs. */
export function gramBuffers(
  point: string,
  features: number,
): { readonly name: string; readonly data: Float32Array; readonly shape: readonly [number, number] }[] {
  return gramBlocks(point, features).map(({ name, rows, columns }) => {
    return { name, data: new Float32Array(rows * columns), shape: [rows, columns] };
  });
}

/**
 * Add what {@link addGramBlocks} gave for one sequence to a sum, on and below the diagonal blocks.
 * @param sum f64[features × features]  @param read an output by its name
 */
export function sumGramBlocks(
  sum: Float64Array,
  point: string,
  features: number,
  read: (name: string) => Float32Array,
): void {
  for (const { name, row, column, rows, columns } of gramBlocks(point, features)) {
    const block = read(name);
    for (let r = 0, i = 0; r < rows; r++) {
      let at = (row + r) * features + column;
      for (let c = 0; c < columns; c++, i++, at++) sum[at]! += block[i]!;
    }
  }
}

/** Complete a sum of {@link sumGramBlocks} above its diagonal, in place. */
export function mirrorGram(sum: Float64Array, features: number): Float64Array {
  for (let r = 0; r < features; r++)
    for (let c = 0; c < r; c++) sum[c * features + r] = sum[r * features + c]!;
  return sum;
}
