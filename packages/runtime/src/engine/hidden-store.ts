import { InternalError } from '@bitcliff/core';
import type { Scratch } from './scratch.ts';

/** The hidden states of every row of every variant: the first ones in memory, the rest in a scratch file. */
export interface HiddenStore {
  /** @returns f32[tokens × hidden] that is valid until the next `read`; what no `write` has reached says nothing */
  read(variant: number, row: number): Promise<Float32Array>;
  /** Keep a copy. @param states f32[up to tokens × hidden], from the row's first numbers on */
  write(variant: number, row: number, states: Float32Array): Promise<void>;
}

/**
 * @param lengths numbers of each row: tokens × hidden
 * @param options.memory bytes that may stay in memory  @param options.scratch where the rest goes; `null` when nothing can be left over
 */
export function createHiddenStore(
  lengths: readonly number[],
  options: { readonly variants: number; readonly memory: number; readonly scratch: Scratch | null },
): HiddenStore {
  const { variants, scratch } = options;
  const inMemory: Float32Array[] = [];
  const offsets: number[] = [];
  let memory = options.memory;
  let end = 0;
  const place = (row: number, variant: number): number => variant * lengths.length + row;
  for (let v = 0; v < variants; v++) {
    for (const [r, length] of lengths.entries()) {
      const slot = place(r, v);
      if (4 * length <= memory || scratch === null) {
        inMemory[slot] = new Float32Array(length);
        memory -= 4 * length;
      } else {
        offsets[slot] = end;
        end += 4 * length;
      }
    }
  }
  const buffer = new Float32Array(end === 0 ? 0 : Math.max(0, ...lengths));
  const fileOf = (): Scratch => {
    if (scratch === null) throw new InternalError('hidden states beyond memory without a scratch file');
    return scratch;
  };

  return {
    async read(variant, row) {
      const known = inMemory[place(row, variant)];
      if (known !== undefined) return known;
      const states = buffer.subarray(0, lengths[row]!);
      await fileOf().read(offsets[place(row, variant)]!, states);
      return states;
    },
    async write(variant, row, states) {
      const known = inMemory[place(row, variant)];
      if (known !== undefined) known.set(states);
      else await fileOf().write(offsets[place(row, variant)]!, states);
    },
  };
}
