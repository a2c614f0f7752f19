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
const shiftLeft32 = (by: number): number[] => [...i32(by), ...simd(171)];
const shiftLeft16 = (by: number): number[] => [...i32(by), ...simd(139)];
const shiftRightSigned16 = (by: number): number[] => [...i32(by), ...simd(140)];
const I32X4_LT_S = simd(57);
const I32X4_GT_S = simd(59);
const V128_AND = simd(78);
const V128_OR = simd(80);
const I16X8_ALL_TRUE = simd(131);
const I16X8_ADD = simd(142);
const I32X4_EXTEND_LOW_I16X8_U = simd(169);
const I32X4_EXTEND_HIGH_I16X8_U = simd(170);
const I32X4_ADD = simd(174);
const F32X4_SUB = simd(229);

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

// locals of both functions: 0 input bytes (i32), 1 position (i32), 2 to 5 vectors, then constants
const [END, AT, CODES, X, HIGH, SMALL] = [0, 1, 2, 3, 4, 5] as const;
const [ONE16, UPPER16, FIELDS16, BIAS16] = [6, 7, 8, 9] as const;

/** Set before the loop: engines do not move constants there. */
const F16_CONSTANTS = [
  ...[...lanes(0x04000400), ...setLocal(ONE16), ...lanes(0x78007800), ...setLocal(UPPER16)],
  ...[...lanes(0x8fff8fff), ...setLocal(FIELDS16), ...lanes(0x38003800), ...setLocal(BIAS16)], // 112 = 127 - 15
];

/** The address of the output: twice the position of the input. */
const OUTPUT_ADDRESS = [...getLocal(AT), ...i32(1), 0x74];

/** Store X (lower halves) and HIGH (upper halves) as eight numbers of 32 bits. */
const STORE_HALVES = [0, 1].flatMap((half) => [
  ...[...OUTPUT_ADDRESS, ...getLocal(X), ...getLocal(HIGH), ...interleave16(4 * half)],
  ...storeVector(OUTPUT_START + 16 * half),
]);

/** BF16: the code is the upper half, X stays zero. */
const BF16_BODY = [...getLocal(CODES), ...setLocal(HIGH), ...STORE_HALVES];

/** True when no exponent of eight codes is 0 or 31: then exponent + 1 has a bit beside the lowest, and fits five bits. */
const F16_ALL_NORMAL = [
  ...[...getLocal(CODES), ...getLocal(ONE16), ...I16X8_ADD],
  ...[...getLocal(UPPER16), ...V128_AND, ...I16X8_ALL_TRUE],
];

/** Eight normal codes: the upper half takes sign, exponent plus 112 and seven bits of the significand, the lower half three. */
const F16_NORMAL_BODY = [
  ...[...getLocal(CODES), ...shiftRightSigned16(3), ...getLocal(FIELDS16), ...V128_AND],
  ...[...getLocal(BIAS16), ...I16X8_ADD, ...setLocal(HIGH)],
  ...[...getLocal(CODES), ...shiftLeft16(13), ...setLocal(X)],
  ...STORE_HALVES,
];

/** From any four codes, zero-extended, to float32 bits. Integer arithmetic: a subnormal operand would cost a hundred cycles. */
const F16_LANES = [
  // HIGH: the fields at their places in a float32; SMALL: where exponent is 0
  ...[...teeLocal(X), ...lanes(0x7fff), ...V128_AND, ...shiftLeft32(13), ...setLocal(HIGH)],
  ...[...getLocal(HIGH), ...lanes(0x00800000), ...I32X4_LT_S, ...setLocal(SMALL)],
  // exponent plus 112; where it is 0, put the significand under exponent 113, 2^-14, and take 2^-14 away
  ...[...getLocal(HIGH), ...lanes(0x38000000), ...I32X4_ADD],
  ...[...getLocal(SMALL), ...lanes(0x00800000), ...V128_AND, ...I32X4_ADD],
  ...[...getLocal(SMALL), ...lanes(0x38800000), ...V128_AND, ...F32X4_SUB],
  // exponent 31 plus 112 twice is 255, for infinity and NaN
  ...[
    ...getLocal(HIGH),
    ...lanes(0x0f7fffff),
    ...I32X4_GT_S,
    ...lanes(0x38000000),
    ...V128_AND,
    ...I32X4_ADD,
  ],
  ...[...getLocal(X), ...lanes(0x8000), ...V128_AND, ...shiftLeft32(16), ...V128_OR],
];

/** Any eight codes. */
const F16_ANY_BODY = [I32X4_EXTEND_LOW_I16X8_U, I32X4_EXTEND_HIGH_I16X8_U].flatMap((extend, half) => [
  ...[
    ...OUTPUT_ADDRESS,
    ...getLocal(CODES),
    ...extend,
    ...F16_LANES,
    ...storeVector(OUTPUT_START + 16 * half),
  ],
]);

/** do { CODES = the eight codes at AT; …body…; AT += 16 } while (AT < END) */
function kernel(constants: readonly number[], body: readonly number[]): number[] {
  const code = [
    ...[2, 1, 0x7f, 8, 0x7b], // locals beside the parameter: one i32, eight v128, all zero at first
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
  const f16 = [...F16_ALL_NORMAL, 0x04, 0x40, ...F16_NORMAL_BODY, 0x05, ...F16_ANY_BODY, 0x0b]; // if, else, end
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
    ...section(1, [1, 0x60, 1, 0x7f, 0]), // type 0: (i32) -> ()
    ...section(3, [2, 0, 0]), // two functions of type 0
    ...section(5, [1, 1, PAGES, PAGES]), // one memory of exactly so many pages
    ...section(7, [3, ...text('m'), 2, 0, ...text('f16'), 0, 0, ...text('bf16'), 0, 1]),
    ...section(10, [2, ...kernel(F16_CONSTANTS, f16), ...kernel([], BF16_BODY)]),
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
