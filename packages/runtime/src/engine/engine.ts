/**
 * @file Running a checkpoint and its quantized variants in lockstep, block by block (design.md §3–4): all rows pass block 0 of every
 * variant, then block 1, and so on, so that one block and the hidden states are all that must be in memory.
 */
import { InvalidInputError, type LongTaskOptions, UnsupportedError } from '@bitcliff/core';
import { createKernels, type Kernels } from '@bitcliff/kernels';
import type { Recipe } from '@bitcliff/quantize';
import type { Checkpoint } from '../checkpoint.ts';
import { type PackedRow, packRequests, type ScoreRequest } from '../packing.ts';
import { rotaryTables } from '../rotary.ts';
import { checkRequests } from './check-requests.ts';
import { createPartLoader } from './load-parts.ts';
import type { Ort } from './ort.ts';
import { createResidentCache } from './resident-cache.ts';
import { embedRows, rowFeeds, splitIntoWaves } from './row-tensors.ts';
import { type RequestScore, scoreHead } from './score-head.ts';
import type { SessionOptions } from './session.ts';

/** Name of the unquantized variant. */
export const BASELINE = 'baseline';

const DEFAULT_MEMORY_BUDGET = 2 * 1024 ** 3;

/** Options of {@link createEngine}. */
export interface EngineOptions extends SessionOptions {
  /** `onnxruntime-node` or `onnxruntime-web`. */
  readonly ort: Ort;
  /** Variants that run beside the baseline. @default [] */
  readonly recipes?: readonly Recipe[];
  /** Kernels that quantize weights; without them the engine makes and frees its own (`createKernels()`). */
  readonly kernels?: Kernels;
  /** Tokens in a packed row. @default 512, less for models narrower than 128 */
  readonly rowLength?: number;
  /** Let requests with one context share it. @default true */
  readonly sharePrefixes?: boolean;
  /** Bytes for hidden states and loaded blocks; one block at a time is always loaded. @default 2 GiB */
  readonly memoryBudget?: number;
}

/** The scores of one variant, in the order of the requests. */
export interface VariantScores {
  /** `baseline` or the name of a recipe. */
  readonly variant: string;
  readonly scores: readonly RequestScore[];
}

/** A checkpoint that runs. */
export interface Engine {
  /** `baseline`, then the recipes in the order given. */
  readonly variants: readonly string[];
  /** Backend that quantized the weights. */
  readonly kernelBackend: string;
  /**
   * Score continuations after contexts on every variant.
   * @throws {InvalidInputError} for a token id outside the vocabulary or a request longer than the model's positions
   */
  score(requests: readonly ScoreRequest[], options?: LongTaskOptions): Promise<VariantScores[]>;
  /**
   * Logits after every token of one sequence.
   * @returns f32[tokens × vocabulary] per variant
   */
  logits(
    tokens: readonly number[],
    options?: LongTaskOptions,
  ): Promise<{ variant: string; logits: Float32Array }[]>;
  /** Free the loaded blocks. The checkpoint stays open. */
  dispose(): Promise<void>;
}

/**
 * Prepare a checkpoint to be run. Nothing is loaded before the first call.
 * @example
 * import * as ort from 'onnxruntime-node';
 * const engine = await createEngine(await openCheckpoint(folder), { ort, recipes: resolveRecipes(['w8a8']) });
 * const [baseline, w8a8] = await engine.score([{ context: [1, 5, 9], continuation: [4] }]);
 */
export async function createEngine(checkpoint: Checkpoint, options: EngineOptions): Promise<Engine> {
  const { ort, recipes = [], sharePrefixes = true } = options;
  const { spec } = checkpoint;
  const H = spec.hiddenSize;
  const rowLength = options.rowLength ?? defaultRowLength(H);
  const variants = [null, ...recipes];
  const names = [BASELINE, ...recipes.map((recipe) => recipe.name)];
  checkVariantNames(names);

  const ownKernels = options.kernels === undefined ? await createKernels() : undefined;
  const kernels = options.kernels ?? ownKernels!;
  const budget = options.memoryBudget ?? DEFAULT_MEMORY_BUDGET;
  const loader = createPartLoader(checkpoint, variants, { ...options, kernels });
  const cache = createResidentCache(Math.floor(budget / 2));

  /** Hidden states behind the last block, [variant][row] of f32[S × H]. */
  const runBlocks = async (
    rows: readonly PackedRow[],
    step: (detail: string) => void,
  ): Promise<Float32Array[][]> => {
    const embedded = await cache.with('embedding', loader.embedding, (embedding) =>
      embedRows(ort, spec, embedding, rows),
    );
    const hidden = variants.map(() => [...embedded]);
    const last = rows.reduce((max, row) => row.positions.reduce((a, b) => Math.max(a, b), max), 0);
    const tables = spec.positions.kind === 'rotary' ? rotaryTables(spec.positions, last + 1) : null;
    for (let layer = 0; layer < spec.layers; layer++) {
      const load = (): ReturnType<typeof loader.block> => loader.block(layer);
      await cache.with(`block ${layer}`, load, async (sessions) => {
        for (const [r, row] of rows.entries()) {
          const S = row.tokens.length;
          const feeds = rowFeeds(ort, spec, row, spec.attention.windows[layer] ?? null, tables);
          for (const [v, session] of sessions.entries()) {
            step(`block ${layer + 1} of ${spec.layers}`);
            const x = new ort.Tensor('float32', hidden[v]![r]!, [S, H]);
            const { out } = await session.run({ hidden: x, ...feeds });
            hidden[v]![r] = out!.data as Float32Array;
          }
        }
      });
    }
    return hidden;
  };

  const stepper = (total: number, phase: string, { signal, onProgress }: LongTaskOptions) => {
    let done = 0;
    return (detail: string): void => {
      signal?.throwIfAborted();
      onProgress?.({ phase, done, total, unit: 'row blocks', detail });
      done++;
    };
  };

  return {
    variants: names,
    kernelBackend: kernels.backend,

    async score(requests, task = {}) {
      checkRequests(requests, checkpoint);
      const scores = names.map(() => requests.map(() => ({ logProb: 0, isGreedy: true })));
      const rows = packRequests(requests, { rowLength, sharePrefixes });
      const total = rows.length * spec.layers * variants.length;
      const step = stepper(total, 'score', task);
      for (const wave of splitIntoWaves(rows, Math.floor(budget / 2 / (2 * 4 * H * variants.length)))) {
        const hidden = await runBlocks(wave, step);
        await cache.with(
          'head',
          () => loader.head('scores'),
          async (head) => {
            for (const [v, states] of hidden.entries()) {
              await scoreHead(ort, head, { requests, rows: wave, hidden: states, hiddenSize: H }, scores[v]!);
            }
          },
        );
      }
      task.onProgress?.({ phase: 'score', done: total, total, unit: 'row blocks' });
      for (const [v, list] of scores.entries()) checkFiniteScores(names[v]!, list, checkpoint.path);
      return scores.map((list, v) => ({ variant: names[v]!, scores: list }));
    },

    async logits(tokens, task = {}) {
      const request = { context: tokens, continuation: [0] };
      checkRequests([request], checkpoint);
      const [row] = packRequests([request]);
      const hidden = await runBlocks([row!], stepper(spec.layers * variants.length, 'logits', task));
      return cache.with(
        'logits head',
        () => loader.head('logits'),
        async (head) => {
          const results: { variant: string; logits: Float32Array }[] = [];
          for (const [v, [states]] of hidden.entries()) {
            const out = await head.run({ hidden: new ort.Tensor('float32', states!, [tokens.length, H]) });
            results.push({ variant: names[v]!, logits: out.logits!.data as Float32Array });
          }
          return results;
        },
      );
    },

    async dispose() {
      await cache.dispose();
      await ownKernels?.dispose();
    },
  };
}

/**
 * Attention costs a token about 4·S·H operations and the linear layers about 24·H²: rows of at most 4·H keep attention from costing more
 * than they do, and 512 tokens keep two cores busy.
 */
function defaultRowLength(hiddenSize: number): number {
  return Math.min(512, Math.max(128, 4 * hiddenSize));
}

function checkVariantNames(names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new InvalidInputError({
    op: 'createEngine',
    problem: `two variants are called "${twice}"`,
    expected: `distinct recipe names, none of them "${BASELINE}"`,
  });
}

function checkFiniteScores(variant: string, scores: readonly RequestScore[], path: string): void {
  const bad = scores.findIndex((score) => !Number.isFinite(score.logProb));
  if (bad === -1) return;
  throw new UnsupportedError({
    op: 'score',
    problem: `variant "${variant}" gave a score that is not finite`,
    expected: 'finite log-probabilities',
    received: scores[bad]!.logProb,
    where: `request ${bad}`,
    path,
    hint: 'Activations overflowed, or a weight outside the linear layers is not finite',
  });
}
