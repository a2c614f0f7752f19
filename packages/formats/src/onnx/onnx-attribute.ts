import type { Tensor } from '@bitcliff/core';

/**
 * The value of a node's attribute, with its ONNX type said in words: a JavaScript number alone does not tell whether
 * ONNX wants an int or a float.
 * @example
 * const attributes = { axis: { int: -1 }, epsilon: { float: 1e-5 }, perm: { ints: [0, 2, 1] } };
 */
export type OnnxAttribute =
  | { /** int64 */ readonly int: number | bigint }
  | { /** rounded to float32 */ readonly float: number }
  | { readonly string: string }
  | { readonly tensor: Tensor }
  | { /** int64 */ readonly ints: readonly (number | bigint)[] }
  | { /** rounded to float32 */ readonly floats: readonly number[] }
  | { readonly strings: readonly string[] };
