/**
 * @file C += A · B on blocks that stay in the cache, as WebAssembly vector code. One call keeps 4 rows × 2 vectors of C in
 * registers while it runs over k. Every product and every sum is rounded once, in ascending k: the bits are those of the plain
 * triple loop, on every machine.
 */
import { UnsupportedError } from '@bitcliff/core';
import {
  doWhile,
  getLocal,
  I32_ADD,
  I32_LESS,
  I32_MUL,
  i32Const,
  leb,
  loadVector,
  moduleOf,
  setLocal,
  simd,
  storeVector,
  teeLocal,
} from './wasm-bytes.ts';

/** Element types of products. */
export type ProductType = 'F32' | 'F64';

/** Rows of a block of A and C. */
export const BLOCK_M = 256;
/** Columns of a block of A, rows of a block of B. */
export const BLOCK_K = 128;
/** Bytes of a row of a block of B and C. */
const ROW_BYTES = 1024;
/** A row of B starts a cache line later than a power of two after the last one: rows do not evict one another. */
const PADDED_ROW = ROW_BYTES + 64;
/** Rows of C that stay in registers. */
const TILE_M = 4;
/** Bytes of a row of C that stay in registers: two vectors. */
const TILE_BYTES = 32;

/** A product on its own memory. Blocks are written there, `run` adds A · B to C, C is read there. */
export interface ProductKernel<T extends Float32Array | Float64Array> {
  /** Columns of a block of B and C. */
  readonly blockN: number;
  /** Elements between rows of A, B and C in memory. */
  readonly strideA: number;
  readonly strideB: number;
  readonly a: T;
  readonly b: T;
  readonly c: T;
  /** @param m rows, at most BLOCK_M @param n columns, at most blockN @param k at most BLOCK_K, at least 1 */
  run(m: number, n: number, k: number): void;
}

/** The part of WebAssembly's JavaScript interface that is used; declared here because Node's types lack it. */
interface WebAssemblyInterface {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> };
}

// parameters 0 to 2: m rows, bytes of n columns, bytes of k elements of A; then locals
const [M, N_BYTES, K_BYTES, I, J, AT_A, AT_B, AT_C, END] = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const;
const ACCUMULATORS = 9; // 8 vectors
const [B0, B1, A0] = [17, 18, 19] as const;

function kernelBody(size: 4 | 8, startB: number, startC: number): number[] {
  const strideA = BLOCK_K * size;
  const loadSplat = (offset: number): number[] => [...simd(size === 4 ? 9 : 10), 0, ...leb(offset)];
  const add = size === 4 ? simd(228) : simd(240);
  const multiply = size === 4 ? simd(230) : simd(242);
  const rows = [0, 1, 2, 3];
  const accumulate = (at: number, b: number): number[] => [
    ...[...getLocal(at), ...getLocal(A0), ...getLocal(b), ...multiply, ...add, ...setLocal(at)],
  ];
  const tile = [
    ...[...getLocal(I), ...i32Const(PADDED_ROW), ...I32_MUL, ...getLocal(J), ...I32_ADD, ...setLocal(AT_C)],
    ...rows.flatMap((r) =>
      [0, 1].flatMap((h) => [
        ...[...getLocal(AT_C), ...loadVector(startC + r * PADDED_ROW + 16 * h)],
        ...setLocal(ACCUMULATORS + 2 * r + h),
      ]),
    ),
    ...[...getLocal(I), ...i32Const(strideA), ...I32_MUL, ...teeLocal(AT_A), ...getLocal(K_BYTES)],
    ...[...I32_ADD, ...setLocal(END), ...getLocal(J), ...setLocal(AT_B)],
    ...doWhile([
      ...[...getLocal(AT_B), ...loadVector(startB), ...setLocal(B0)],
      ...[...getLocal(AT_B), ...loadVector(startB + 16), ...setLocal(B1)],
      ...rows.flatMap((r) => [
        ...[...getLocal(AT_A), ...loadSplat(r * strideA), ...setLocal(A0)],
        ...accumulate(ACCUMULATORS + 2 * r, B0),
        ...accumulate(ACCUMULATORS + 2 * r + 1, B1),
      ]),
      ...[...getLocal(AT_B), ...i32Const(PADDED_ROW), ...I32_ADD, ...setLocal(AT_B)],
      ...[...getLocal(AT_A), ...i32Const(size), ...I32_ADD, ...teeLocal(AT_A), ...getLocal(END), ...I32_LESS],
    ]),
    ...rows.flatMap((r) =>
      [0, 1].flatMap((h) => [
        ...[...getLocal(AT_C), ...getLocal(ACCUMULATORS + 2 * r + h)],
        ...storeVector(startC + r * PADDED_ROW + 16 * h),
      ]),
    ),
  ];
  return doWhile([
    ...[...i32Const(0), ...setLocal(J)],
    ...doWhile([
      ...tile,
      ...[...getLocal(J), ...i32Const(TILE_BYTES), ...I32_ADD, ...teeLocal(J), ...getLocal(N_BYTES)],
      ...I32_LESS,
    ]),
    ...[...getLocal(I), ...i32Const(TILE_M), ...I32_ADD, ...teeLocal(I), ...getLocal(M), ...I32_LESS],
  ]);
}

/** Assemble a kernel. @throws {UnsupportedError} where WebAssembly or its vector instructions are missing or forbidden */
export function createProductKernel(type: 'F32'): ProductKernel<Float32Array>;
export function createProductKernel(type: 'F64'): ProductKernel<Float64Array>;
export function createProductKernel(type: ProductType): ProductKernel<Float32Array | Float64Array> {
  const size = type === 'F32' ? 4 : 8;
  const startB = BLOCK_M * BLOCK_K * size;
  const startC = startB + BLOCK_K * PADDED_ROW;
  const bytes = startC + BLOCK_M * PADDED_ROW;
  const locals = [
    [6, 0x7f], // i32
    [11, 0x7b], // v128
  ] as const;
  const body = kernelBody(size, startB, startC);
  const wasm = (globalThis as { readonly WebAssembly?: WebAssemblyInterface }).WebAssembly;
  let exports: Readonly<Record<string, unknown>>;
  try {
    if (wasm === undefined) throw new Error('WebAssembly is missing');
    exports = new wasm.Instance(new wasm.Module(moduleOf(3, locals, body, Math.ceil(bytes / 65_536))))
      .exports;
  } catch (cause) {
    throw new UnsupportedError({
      op: 'multiplyAdd',
      problem: 'dense products need WebAssembly with vector instructions',
      expected: 'an engine that has them and a content security policy that allows them',
      received: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
  const { buffer } = exports.m as { readonly buffer: ArrayBuffer };
  const view = (start: number, length: number): Float32Array | Float64Array =>
    type === 'F32' ? new Float32Array(buffer, start, length) : new Float64Array(buffer, start, length);
  const f = exports.f as (m: number, nBytes: number, kBytes: number) => void;
  const strideB = PADDED_ROW / size;
  return {
    blockN: ROW_BYTES / size,
    strideA: BLOCK_K,
    strideB,
    a: view(0, BLOCK_M * BLOCK_K),
    b: view(startB, BLOCK_K * strideB),
    c: view(startC, BLOCK_M * strideB),
    run: (m, n, k) => f(m, n * size, k * size),
  };
}
