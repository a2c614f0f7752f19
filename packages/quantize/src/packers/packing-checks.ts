/** @file What a layout can hold, said before anything is packed; and what a file must have to be unpacked. */
import { ShapeError, type Tensor, UnsupportedError } from '@bitcliff/core';
import { decodeBF16, decodeF16, encodeF16 } from '@bitcliff/formats';
import type { AffineMatrix } from '@bitcliff/kernels';

/** @throws {UnsupportedError} that says what the layout can hold */
export function requirePackable(
  layout: string,
  fits: boolean,
  problem: string,
  expected: string,
  received: string | number,
): void {
  if (fits) return;
  throw new UnsupportedError({ op: `pack${layout}`, problem, expected, received });
}

/** Zero points as codes. @throws {UnsupportedError} when they are real numbers, as those of HQQ */
export function integerZeroPoints(layout: string, { zeroPoint, bits }: AffineMatrix): Uint8Array {
  const bad = zeroPoint.find((z) => !Number.isInteger(z) || z < 0 || z >= 2 ** bits);
  const expected = `integers from 0 to ${2 ** bits - 1}`;
  requirePackable(layout, bad === undefined, 'the zero points are not codes', expected, bad ?? '');
  return Uint8Array.from(zeroPoint);
}

/** @throws {UnsupportedError} when a scale does not fit F16 exactly: the file would hold other weights than those that were tested */
export function f16Scales(layout: string, { scale }: AffineMatrix): Uint16Array<ArrayBuffer> {
  const codes = encodeF16(scale) as Uint16Array<ArrayBuffer>;
  const back = decodeF16(codes);
  const bad = scale.findIndex((s, i) => s !== back[i]);
  requirePackable(
    layout,
    bad === -1,
    'the scales are not F16',
    'a scheme with scaleDtype "F16"',
    scale[bad] ?? '',
  );
  return codes;
}

/** One tensor of a file. @throws {ShapeError} when it is missing, or has another dtype or shape */
export function requireTensor<D extends Tensor['dtype']>(
  layout: string,
  tensors: Readonly<Record<string, Tensor>>,
  name: string,
  dtypes: readonly D[],
  shape?: readonly number[],
): Tensor<D> {
  const tensor = tensors[name];
  const what = (of: Tensor | undefined): string =>
    of === undefined ? 'nothing' : `${of.dtype} [${of.shape.join(', ')}]`;
  const fits =
    tensor !== undefined &&
    (dtypes as readonly string[]).includes(tensor.dtype) &&
    (shape === undefined ||
      (tensor.shape.length === shape.length && shape.every((size, i) => size === tensor.shape[i])));
  if (fits) return tensor as Tensor<D>;
  const expected = `${dtypes.join(' or ')}${shape === undefined ? '' : ` [${shape.join(', ')}]`}`;
  throw new ShapeError({
    op: `unpack${layout}`,
    problem: `${name} does not fit`,
    expected,
    received: what(tensor),
  });
}

/** Scales of a file as numbers. */
export function readScales(tensor: Tensor<'F32' | 'F16' | 'BF16'>): Float32Array {
  if (tensor.dtype === 'F32') return Float32Array.from(tensor.data as Float32Array);
  return (tensor.dtype === 'F16' ? decodeF16 : decodeBF16)(tensor.data as Uint16Array);
}
