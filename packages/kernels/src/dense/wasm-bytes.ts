/**
 * @file The few WebAssembly encodings that the product kernel needs, assembled here because no build step compiles another language.
 * @see https://webassembly.github.io/spec/core/binary/instructions.html
 */

/** Unsigned LEB128. */
export const leb = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...leb(value >>> 7)];

/** Signed LEB128 of a number from 0. */
const signedLeb = (value: number): number[] =>
  value < 64 ? [value] : [(value & 127) | 128, ...signedLeb(value >>> 7)];

export const getLocal = (index: number): number[] => [0x20, ...leb(index)];
export const setLocal = (index: number): number[] => [0x21, ...leb(index)];
export const teeLocal = (index: number): number[] => [0x22, ...leb(index)];
/** @param value from 0 */
export const i32Const = (value: number): number[] => [0x41, ...signedLeb(value)];
export const I32_ADD: readonly number[] = [0x6a];
export const I32_MUL: readonly number[] = [0x6c];
export const I32_LESS: readonly number[] = [0x49];

/** A vector instruction. */
export const simd = (opcode: number): number[] => [0xfd, ...leb(opcode)];
export const loadVector = (offset: number): number[] => [...simd(0), 0, ...leb(offset)];
export const storeVector = (offset: number): number[] => [...simd(11), 0, ...leb(offset)];

/** do { body } while (condition on the stack) */
export const doWhile = (body: readonly number[]): number[] => [0x03, 0x40, ...body, 0x0d, 0, 0x0b];

const section = (id: number, content: readonly number[]): number[] => [
  id,
  ...leb(content.length),
  ...content,
];
const text = (value: string): number[] => [value.length, ...new TextEncoder().encode(value)];

/**
 * A module of one function "f" of i32 parameters without a result, and one memory "m".
 * @param locals `[count, type byte]` beside the parameters
 */
export function moduleOf(
  parameters: number,
  locals: readonly (readonly [number, number])[],
  body: readonly number[],
  pages: number,
): Uint8Array {
  const code = [locals.length, ...locals.flatMap(([count, type]) => [...leb(count), type]), ...body, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
    ...section(1, [1, 0x60, parameters, ...Array.from({ length: parameters }, () => 0x7f), 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 1, ...leb(pages), ...leb(pages)]),
    ...section(7, [2, ...text('m'), 2, 0, ...text('f'), 0, 0]),
    ...section(10, [1, ...leb(code.length), ...code]),
  ]);
}
