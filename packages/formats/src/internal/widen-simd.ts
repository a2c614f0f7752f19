/**
 * @file F16 and BF16 to float32, eight codes at a time, as a WebAssembly module of two functions that is assembled here.
 * A JavaScript loop cannot use vector instructions and widens F16 at a sixth of the speed of a copy. Arrays pass through a
 * small memory in chunks that stay in the second-level cache. The results are the same bits as those of the loops in f16.ts
 * and bf16.ts, which run where WebAssembly is missing or forbidden (by a content security policy).
 */

/** Codes per call of a kernel, a multiple of 8. Smaller chunks spend more on calls: 4096 were a third slower, 65,536 no faster. */
export const SIMD_CHUNK = 16_384;

/** Codes from which a call is faster than the plain loop. */
export const SIMD_WORTHWHILE = 256;

/** Pages of 65,536 bytes that hold the input, two bytes a code, and the output, four. */
const PAGES = Math.ceil((6 * SIMD_CHUNK) / 65_536);

/** First byte of the output in the module's memory; the input starts at 0. */
const OUTPUT_START = 2 * SIMD_CHUNK;

/** Widens codes into the bits of float32 numbers, as many as there are codes. */
export type Widen = (codes: Uint16Array, out: Uint32Array) => void;

/** The two vectorised conversions. */
export interface WidenKernels {
  readonly f16: Widen;
  readonly bf16: Widen;
}

/** The part of WebAssembly's JavaScript interface that is used; declared here because Node's types lack it. */
interface WebAssemblyInterface {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: Readonly<Record<string, unknown>> };
}

// instructions: https://webassembly.github.io/spec/core/binary/instructions.html
const leb = (value: number): number[] => (value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)]);
const simd = (opcode: number): number[] => [0xfd, ...leb(opcode)];
const getLocal = (index: number): number[] => [0x20, index];
const setLocal = (index: number): number[] => [0x21, index];
const teeLocal = (index: number): number[] => [0x22, index];
const i32 = (value: number): number[] => [0x41, value]; // for values below 64, which are one byte
const loadVector = (): number[] => [...simd(0), 0, 0];
const storeVector = (offset: number): number[] => [...simd(11), 0, ...leb(offset)];
const shiftLeft16 = (by: number): number[] => [...i32(by), ...simd(139)];
const shiftRightSigned16 = (by: number): number[] => [...i32(by), ...simd(140)];
const I16X8_GT_S = simd(49);
const V128_AND = simd(78);
const V128_OR = simd(80);
const V128_XOR = simd(81);
const I16X8_ADD = simd(142);
const F32X4_ADD = simd(228);
const F32X4_SUB = simd(229);
const F32X4_PMIN = simd(234);

/** Four equal lanes of 32 bits. */
const lanes = (bits: number): number[] => {
  const bytes = [bits & 255, (bits >>> 8) & 255, (bits >>> 16) & 255, bits >>> 24];
  return [...simd(12), ...bytes, ...bytes, ...bytes, ...bytes];
};

/** Interleave four pairs of 16 bits of the two vectors on the stack, from pair `first` on: the first has the lower halves. */
const interleave16 = (first: number): number[] => [
  ...simd(13),
  ...[0, 1, 2, 3].flatMap((i) => [0, 1, 16, 17].map((byte) => byte + 2 * (first + i))),
];

// locals of both functions: 0 input bytes (i32), 1 position (i32), 2 to 6 vectors, then constants
const [END, AT, CODES, X, HIGH, SIZE, SPECIAL] = [0, 1, 2, 3, 4, 5, 6] as const;
const [ZERO, SIZE16, BIAS16, LARGEST16, INFINITE16, SMALLEST] = [7, 8, 9, 10, 11, 12] as const;

/** Set before the loop: engines do not move constants there. */
const F16_CONSTANTS = [
  ...[...lanes(0x7fff7fff), ...setLocal(SIZE16), ...lanes(0x38003800), ...setLocal(BIAS16)], // 112 = 127 - 15
  ...[...lanes(0x7bff7bff), ...setLocal(LARGEST16), ...lanes(0x7f807f80), ...setLocal(INFINITE16)],
  ...[...lanes(0x38800000), ...setLocal(SMALLEST)], // 2^-14, the smallest normal number of F16
];

/** The address of the output: twice the position of the input. */
const OUTPUT_ADDRESS = [...getLocal(AT), ...i32(1), 0x74];

/** Eight numbers of 32 bits, X their lower halves and HIGH their upper halves, stored after `change` of four on the stack. */
const storeHalves = (change: (half: number) => number[]): number[] =>
  [0, 1].flatMap((half) => [
    ...[...OUTPUT_ADDRESS, ...getLocal(X), ...getLocal(HIGH), ...interleave16(4 * half)],
    ...[...change(half), ...storeVector(OUTPUT_START + 16 * half)],
  ]);

/** BF16: the code is the upper half, X stays zero. */
const BF16_BODY = [...getLocal(CODES), ...setLocal(HIGH), ...storeHalves(() => [])];

/**
 * F16, the same steps for every code, so that the time does not depend on the data. With exponent plus 112, a normal
 * number is right, a = 2^-15 * (1 + m / 1024) stands for the subnormal m * 2^-24 = a + (a - 2^-14), and adding min(0, a - 2^-14)
 * gives both, without rounding and without a subnormal operand, which would cost a hundred cycles.
 */
const F16_BODY = [
  ...[...getLocal(CODES), ...getLocal(SIZE16), ...V128_AND, ...setLocal(SIZE)],
  // upper half: exponent plus 112 and seven bits of the significand; lower half: the other three
  ...[...getLocal(SIZE), ...shiftRightSigned16(3), ...getLocal(BIAS16), ...I16X8_ADD, ...setLocal(HIGH)],
  ...[...getLocal(CODES), ...shiftLeft16(13), ...setLocal(X)],
  // bits to set at the end: the sign, and exponent 255 for infinity and NaN
  ...[...getLocal(CODES), ...getLocal(SIZE), ...V128_XOR],
  ...[...getLocal(SIZE), ...getLocal(LARGEST16), ...I16X8_GT_S, ...getLocal(INFINITE16), ...V128_AND],
  ...[...V128_OR, ...setLocal(SPECIAL)],
  ...storeHalves((half) => [
    ...[...teeLocal(CODES), ...getLocal(CODES), ...getLocal(SMALLEST), ...F32X4_SUB],
    ...[...getLocal(ZERO), ...F32X4_PMIN, ...F32X4_ADD],
    ...[...getLocal(ZERO), ...getLocal(SPECIAL), ...interleave16(4 * half), ...V128_OR],
  ]),
];

/** do { CODES = the eight codes at AT; …body…; AT += 16 } while (AT < END) */
function kernel(constants: readonly number[], body: readonly number[]): number[] {
  const code = [
    ...[2, 1, 0x7f, 11, 0x7b], // locals beside the parameter: one i32, eleven v128, all zero at first
    ...constants,
    ...[0x03, 0x40], // loop
    ...[...getLocal(AT), ...loadVector(), ...setLocal(CODES)],
    ...body,
    ...[...getLocal(AT), ...i32(16), 0x6a, ...teeLocal(AT), ...getLocal(END), 0x49, 0x0d, 0], // add, less, branch
    ...[0x0b, 0x0b], // end of the loop and of the function
  ];
  return [...leb(code.length), ...code];
}

const section = (id: number, content: readonly number[]): number[] => [
  id,
  ...leb(content.length),
  ...content,
];
const text = (value: string): number[] => [value.length, ...new TextEncoder().encode(value)];

/** The module: memory "m", functions "f16" and "bf16" of one i32, the bytes of the input, a multiple of 16. */
function moduleBytes(): Uint8Array {
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
    ...section(1, [1, 0x60, 1, 0x7f, 0]), // type 0: (i32) -> ()
    ...section(3, [2, 0, 0]), // two functions of type 0
    ...section(5, [1, 1, PAGES, PAGES]), // one memory of exactly so many pages
    ...section(7, [3, ...text('m'), 2, 0, ...text('f16'), 0, 0, ...text('bf16'), 0, 1]),
    ...section(10, [2, ...kernel(F16_CONSTANTS, F16_BODY), ...kernel([], BF16_BODY)]),
  ]);
}

/**
 * Assemble and instantiate.
 * @param host where to find `WebAssembly`, usually globalThis
 * @returns null when `host` has no WebAssembly, or refuses the module
 */
export function createWidenKernels(host: object): WidenKernels | null {
  const wasm = (host as { readonly WebAssembly?: WebAssemblyInterface }).WebAssembly;
  if (wasm === undefined) return null;
  let exports: Readonly<Record<string, unknown>>;
  try {
    exports = new wasm.Instance(new wasm.Module(moduleBytes())).exports;
  } catch {
    return null; // an engine without vectors, or a content security policy: the plain loops give the same bits
  }
  const { buffer } = exports.m as { readonly buffer: ArrayBuffer };
  const input = new Uint16Array(buffer, 0, SIMD_CHUNK);
  const output = new Uint32Array(buffer, OUTPUT_START, SIMD_CHUNK);
  const inChunks = (run: (inputBytes: number) => void): Widen => {
    return (codes, out) => {
      for (let start = 0; start < codes.length; start += SIMD_CHUNK) {
        const count = Math.min(SIMD_CHUNK, codes.length - start);
        input.set(codes.subarray(start, start + count));
        run(Math.ceil(count / 8) * 16);
        out.set(count === SIMD_CHUNK ? output : output.subarray(0, count), start);
      }
    };
  };
  return {
    f16: inChunks(exports.f16 as (inputBytes: number) => void),
    bf16: inChunks(exports.bf16 as (inputBytes: number) => void),
  };
}

let shared: WidenKernels | null | undefined;

/** The vectorised conversions of this machine, or null where they cannot run. Assembled at the first call. */
export function widenKernels(): WidenKernels | null {
  if (shared === undefined) shared = createWidenKernels(globalThis);
  return shared;
}
