import { InvalidInputError } from '@bitcliff/core';
import type { Checkpoint } from '../checkpoint.ts';

/** Memory of the process itself: JavaScript, ONNX Runtime, buffers of the file system. Node 24 with a model of 100 kB under w8a8 peaked at 165 MiB. */
const BASE_BYTES = 176 * 2 ** 20;
/** Rows and token ids that meet in one run of a vocabulary graph: 8 MB of logits. */
export const HEAD_ROWS = 512;
export const HEAD_TOKENS = 4096;

/** How a memory budget is spent, in bytes. */
export interface MemoryPlan {
  /** Loaded blocks and vocabulary parts that stay. */
  readonly resident: number;
  /** Hidden states that stay in memory. */
  readonly hidden: number;
  /** One block in all its variants. */
  readonly block: number;
}

interface Sizes {
  /** How many. */
  readonly variants: number;
  /** Tokens in a row. */
  readonly rowLength: number;
  /** Bytes for what the caller keeps of a block: statistics. @default 0 */
  readonly statistics?: number;
}

/** What must fit whatever the budget, in bytes. */
interface Needs {
  readonly process: number;
  /** One block in all its variants, while it is read and quantized. */
  readonly block: number;
  /** One row on its way through a block, with its hidden states in all variants. */
  readonly row: number;
  /** One part of the vocabulary, and its logits. */
  readonly vocabulary: number;
  readonly total: number;
}

/** The smallest memory budget of a checkpoint, and what it is for. */
export function neededMemory(
  { spec, layout }: Checkpoint,
  { variants, rowLength: S, statistics = 0 }: Sizes,
): Needs {
  const { hiddenSize: H, attention, mlp } = spec;
  const sizes = layout.block(0).linears.map(({ inFeatures, outFeatures }) => inFeatures * outFeatures);
  const all = sizes.reduce((a, b) => a + b, 0);
  // every variant may be as large as f32; one layer at a time takes the stored tensor, its transpose and its codes besides
  const block = 4 * variants * all + 3 * 4 * Math.max(...sizes) + statistics;
  const row = 4 * S * (8 * H + 3 * mlp.intermediateSize + attention.heads * S + 2 * H * variants);
  const vocabulary = 4 * (HEAD_TOKENS * spec.embedding.width + 3 * HEAD_ROWS * HEAD_TOKENS);
  return { process: BASE_BYTES, block, row, vocabulary, total: BASE_BYTES + block + row + vocabulary };
}

/**
 * Divide a memory budget: half of what is not needed keeps loaded blocks, half hidden states.
 * @param budget bytes
 * @throws {InvalidInputError} when one block does not fit; says how much is needed
 */
export function planMemory(checkpoint: Checkpoint, budget: number, sizes: Sizes): MemoryPlan {
  const needs = neededMemory(checkpoint, sizes);
  if (budget < needs.total) {
    const { variants, rowLength } = sizes;
    throw new InvalidInputError({
      op: 'createEngine',
      problem: 'the memory budget is too small for one block',
      expected: `at least ${megabytes(needs.total)} (${megabytes(needs.block)} for a block in ${variants} variant${variants === 1 ? '' : 's'}, ${megabytes(needs.row)} for a row of ${rowLength} tokens, ${megabytes(needs.vocabulary)} for the vocabulary, ${megabytes(needs.process)} for the process)`,
      received: megabytes(budget),
      path: checkpoint.path,
      hint: 'Raise the budget, or run fewer variants at once',
    });
  }
  const half = Math.floor((budget - needs.total) / 2);
  return { resident: half, hidden: half, block: needs.block };
}

function megabytes(bytes: number): string {
  return bytes < 1e7 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e6)} MB`;
}
