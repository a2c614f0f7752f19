/** @file Token windows: whole documents side by side, each with its own positions and its own attention. */
import { createRng, InvalidInputError } from '@bitcliff/core';
import { numpy as np } from '@jax-js/jax';
import type { Batch } from './decoder.ts';

/** Windows of one length, one token longer than what the model reads, because the last one is a target only. */
export interface Windows {
  readonly count: number;
  /** Tokens that the model reads. */
  readonly length: number;
  /** i32[count, length + 1] */
  readonly tokens: Int32Array;
  /** u16[count, length + 1], number of the document within its window, from 1; 0 where there is none. */
  readonly documents: Uint16Array;
}

/** Windows that are still open for another document while packing. */
const OPEN_WINDOWS = 16;

/**
 * Put documents into windows, first fit. Longer ones are cut into pieces, which are documents of their own.
 * @param documents token ids, with whatever begins and ends a document  @param length tokens of a window that the model reads
 */
export function packWindows(documents: Iterable<readonly number[]>, length: number): Windows {
  const room = length + 1;
  const windows: (readonly number[])[][] = [];
  const open: { pieces: (readonly number[])[]; used: number }[] = [];
  const place = (piece: readonly number[]): void => {
    const fitting = open.find(({ used }) => used + piece.length <= room);
    if (fitting !== undefined) {
      fitting.pieces.push(piece);
      fitting.used += piece.length;
      return;
    }
    open.push({ pieces: [piece], used: piece.length });
    if (open.length > OPEN_WINDOWS) windows.push(open.shift()!.pieces);
  };
  for (const document of documents) {
    for (let begin = 0; begin + 1 < document.length; begin += length) {
      place(document.slice(begin, begin + room)); // the last token of a piece begins the next one
    }
  }
  windows.push(...open.map(({ pieces }) => pieces));
  const tokens = new Int32Array(windows.length * room);
  const numbers = new Uint16Array(windows.length * room);
  windows.forEach((pieces, w) => {
    let at = w * room;
    pieces.forEach((piece, d) => {
      tokens.set(piece, at);
      numbers.fill(d + 1, at, at + piece.length);
      at += piece.length;
    });
  });
  return { count: windows.length, length, tokens, documents: numbers };
}

/** Targets that count. @param ids which windows @default all */
export function targetCount(windows: Windows, ids?: readonly number[]): number {
  const room = windows.length + 1;
  let count = 0;
  for (const w of ids ?? Array.from({ length: windows.count }, (_, i) => i)) {
    for (let t = 0; t < windows.length; t++) if (isTarget(windows, w * room + t)) count++;
  }
  return count;
}

/** True when the token behind `at` follows it in the same document. */
function isTarget({ documents }: Windows, at: number): boolean {
  return documents[at] !== 0 && documents[at + 1] === documents[at];
}

/** Windows as arrays. @param ids which windows */
export function toBatch(windows: Windows, ids: readonly number[]): Batch {
  const { length } = windows;
  const shape = [ids.length, length];
  const size = ids.length * length;
  const columns = {
    tokens: new Int32Array(size),
    documents: new Int32Array(size),
    positions: new Int32Array(size),
    targets: new Int32Array(size),
  };
  const weights = new Float32Array(size);
  ids.forEach((id, row) => {
    let position = 0;
    for (let t = 0; t < length; t++) {
      const from = id * (length + 1) + t;
      const to = row * length + t;
      position = t > 0 && windows.documents[from] === windows.documents[from - 1] ? position + 1 : 0;
      columns.tokens[to] = windows.tokens[from]!;
      columns.documents[to] = windows.documents[from]!;
      columns.positions[to] = position;
      columns.targets[to] = windows.tokens[from + 1]!;
      weights[to] = isTarget(windows, from) ? 1 : 0;
    }
  });
  const ints = (data: Int32Array<ArrayBuffer>): np.Array =>
    np.array(data, { dtype: np.int32 }).reshape(shape);
  return {
    tokens: ints(columns.tokens),
    documents: ints(columns.documents),
    positions: ints(columns.positions),
    targets: ints(columns.targets),
    weights: np.array(weights).reshape(shape),
  };
}

/** Largest seed: with the number of a pass it still makes a seed of the random numbers. */
export const SEED_LIMIT: number = 2 ** 32 - 1;

/**
 * Which windows each step has. Every pass over the windows has an order of its own, which depends on nothing but the seed and the number of the pass,
 * so that a run can go on at any step.
 * @param count windows  @param size windows of a step  @param seed integer up to {@link SEED_LIMIT}
 * @throws {InvalidInputError} when the windows do not fill one step
 */
export function createOrder(count: number, size: number, seed: number): (step: number) => readonly number[] {
  const perPass = Math.floor(count / size);
  if (perPass === 0) {
    throw new InvalidInputError({
      op: 'pretrain',
      problem: 'corpus too small',
      expected: `windows for one step, at least ${size}`,
      received: count,
      hint: 'Give more text, or a smaller batchSize or sequenceLength',
    });
  }
  let [pass, order]: [number, number[]] = [-1, []];
  return (step) => {
    const wanted = Math.floor(step / perPass);
    if (wanted !== pass) {
      pass = wanted;
      order = createRng(seed * 2 ** 20 + pass).shuffle(Array.from({ length: count }, (_, i) => i));
    }
    const begin = (step % perPass) * size;
    return order.slice(begin, begin + size);
  };
}
