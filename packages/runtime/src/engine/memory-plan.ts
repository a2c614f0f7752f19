import { InvalidInputError } from '@bitcliff/core';
import type { Checkpoint } from '../checkpoint.ts';
import { BRANCH_KEYS } from '../packing.ts';

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
  /** Whether the graph of every variant may keep the memory of its runs, or gives it back after each. */
  readonly graphsKeepMemory: boolean;
  /** Whether there may be one more graph for every variant: a last block for scored tokens alone. */
  readonly scoredOnly: boolean;
}

interface Sizes {
  /** How many. */
  readonly variants: number;
  /** Tokens in a row. */
  readonly rowLength: number;
  /** Bytes. @default 0 */
  readonly heldByCaller?: number | undefined;
}

/** What must fit whatever the budget, in bytes. */
interface Needs {
  readonly process: number;
  /** One block in all its variants, while it is read and quantized. */
  readonly block: number;
  /** One row on its way through a block, with its hidden states in all variants. */
  readonly row: number;
  /** Of these, what a graph keeps when it keeps its memory. */
  readonly graph: number;
  /** One part of the vocabulary, and its logits. */
  readonly vocabulary: number;
  readonly total: number;
}

/** The smallest memory budget of a checkpoint, and what it is for. */
export function neededMemory(
  { spec, layout }: Checkpoint,
  { variants, rowLength: S, heldByCaller = 0 }: Sizes,
): Needs {
  const { hiddenSize: H, attention, mlp } = spec;
  const sizes = layout.block(0).linears.map(({ inFeatures, outFeatures }) => inFeatures * outFeatures);
  const all = sizes.reduce((a, b) => a + b, 0);
  // every variant may be as large as f32; one layer at a time takes the stored tensor, its transpose and its codes besides
  const block = 4 * variants * all + 3 * 4 * Math.max(...sizes);
  const copies = 2 * BRANCH_KEYS * attention.kvHeads * attention.headDim; // keys and values of shared tokens, for every branch
  const graph = 4 * S * (8 * H + 3 * mlp.intermediateSize + attention.heads * S + copies);
  const row = graph + 4 * S * 2 * H * variants;
  const vocabulary = 4 * (HEAD_TOKENS * spec.embedding.width + 3 * HEAD_ROWS * HEAD_TOKENS);
  const total = BASE_BYTES + block + row + vocabulary + heldByCaller;
  return { process: BASE_BYTES, block, row, graph, vocabulary, total };
}

/**
 * Divide a memory budget. Graphs keep memory for their runs where there is room for all of them: to take it anew costs a run up to a fifth of its
 * time, more than a last block for scored tokens alone saves. Half of what is left keeps loaded blocks, half hidden states.
 * @param budget bytes
 * @throws {InvalidInputError} when one block does not fit; says how much is needed
 */
export function planMemory(checkpoint: Checkpoint, budget: number, sizes: Sizes): MemoryPlan {
  const needs = neededMemory(checkpoint, sizes);
  if (budget < needs.total) {
    const { variants, rowLength, heldByCaller = 0 } = sizes;
    const held = heldByCaller === 0 ? '' : `, ${megabytes(heldByCaller)} held by the caller`;
    throw new InvalidInputError({
      op: 'createEngine',
      problem: 'the memory budget is too small for one block',
      expected: `at least ${megabytes(needs.total)} (${megabytes(needs.block)} for a block in ${variants} variant${variants === 1 ? '' : 's'}, ${megabytes(needs.row)} for a row of ${rowLength} tokens, ${megabytes(needs.vocabulary)} for the vocabulary, ${megabytes(needs.process)} for the process${held})`,
      received: megabytes(budget),
      path: checkpoint.path,
      hint: 'Raise the budget, or run fewer variants at once',
    });
  }
  const V = sizes.variants;
  // one graph is in the needs
  const graphs = [2 * V, V].find((count) => needs.total + (count - 1) * needs.graph <= budget) ?? 1;
  const half = Math.floor((budget - needs.total - (graphs - 1) * needs.graph) / 2);
  return {
    resident: half,
    hidden: half,
    block: needs.block,
    graphsKeepMemory: graphs >= V,
    scoredOnly: graphs !== V,
  };
}

function megabytes(bytes: number): string {
  return bytes < 1e7 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e6)} MB`;
}
