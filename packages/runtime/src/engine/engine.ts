/**
 * @file Running a checkpoint and its quantized variants in lockstep, block by block (design.md §3–4): all rows pass block 0 of every
 * variant, then block 1, and so on, so that one block and the hidden states are all that must be in memory.
 */
import { InvalidInputError, type LongTaskOptions, UnsupportedError } from '@bitcliff/core';
import { createKernels, type Kernels } from '@bitcliff/kernels';
import type { Recipe } from '@bitcliff/quantize';
import type { Checkpoint } from '../checkpoint.ts';
import type { VocabularyOutput } from '../graph/head-graph.ts';
import { type PackedRow, packRequests, type ScoreRequest } from '../packing.ts';
import { rotaryTables } from '../rotary.ts';
import { checkRequests } from './check-requests.ts';
import { createGraphRunners } from './graph-runner.ts';
import { createHiddenStore, type HiddenStore } from './hidden-store.ts';
import { createPartLoader } from './load-parts.ts';
import { planMemory } from './memory-plan.ts';
import type { Ort } from './ort.ts';
import { createResidentCache } from './resident-cache.ts';
import { embedRow, readEmbeddings, rowFeeds, splitIntoWaves } from './row-tensors.ts';
import { finalStates, type RequestScore, scoreHead, type TokenScore, vocabularyParts } from './score-head.ts';
import type { Scratch } from './scratch.ts';
import type { SessionOptions } from './session.ts';

/** Name of the unquantized variant. */
export const BASELINE = 'baseline';

const DEFAULT_MEMORY_BUDGET = 2 * 1024 ** 3;
/** Tokens that pass a block together where blocks are read again for every wave: reading costs about 2 % of that. */
const WAVE_TOKENS = 16_384;
/** Rows whose embeddings are looked up together where the table is too large to stay. */
const EMBEDDED_ROWS = 8;

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
  /** Bytes that the process may take. @default 2 GiB */
  readonly memoryBudget?: number;
  /** Where hidden states go that do not fit the budget: `createScratchFile` of `@bitcliff/runtime/node`. @default they wait for another pass */
  readonly scratch?: () => Promise<Scratch>;
  /** Run the unquantized model too. @default true */
  readonly baseline?: boolean;
}

/** The scores of one variant, in the order of the requests. */
export interface VariantScores {
  /** `baseline` or the name of a recipe. */
  readonly variant: string;
  readonly scores: readonly RequestScore[];
}

/** What to score. */
export interface ScoreOptions extends LongTaskOptions {
  /** Compare the next-token distributions of every variant with the baseline's. @default false */
  readonly divergence?: boolean;
}

/** A checkpoint that runs. */
export interface Engine {
  /** `baseline` unless it is left out, then the recipes in the order given. */
  readonly variants: readonly string[];
  /** Backend that quantized the weights. */
  readonly kernelBackend: string;
  /**
   * Score continuations after contexts on every variant.
   * @throws {InvalidInputError} for a token id outside the vocabulary or a request longer than the model's positions
   */
  score(requests: readonly ScoreRequest[], options?: ScoreOptions): Promise<VariantScores[]>;
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
 * @throws {InvalidInputError} when the memory budget is too small for one block, or variants have one name
 * @example
 * import * as ort from 'onnxruntime-node';
 * const engine = await createEngine(await openCheckpoint(folder), { ort, recipes: resolveRecipes(['w8a8']) });
 * const [baseline, w8a8] = await engine.score([{ context: [1, 5, 9], continuation: [4] }]);
 */
export async function createEngine(checkpoint: Checkpoint, options: EngineOptions): Promise<Engine> {
  const { ort, recipes = [], sharePrefixes = true, baseline = true } = options;
  const { spec } = checkpoint;
  const { hiddenSize: H, vocabularySize } = spec;
  const { width } = spec.embedding;
  const rowLength = options.rowLength ?? defaultRowLength(H);
  const variants = [...(baseline ? [null] : []), ...recipes];
  const names = variants.map((recipe) => recipe?.name ?? BASELINE);
  checkVariantNames(names);
  const plan = planMemory(checkpoint, options.memoryBudget ?? DEFAULT_MEMORY_BUDGET, {
    variants: variants.length,
    rowLength,
  });

  const ownKernels = options.kernels === undefined ? await createKernels() : undefined;
  const kernels = options.kernels ?? ownKernels!;
  const runners = createGraphRunners(ort, options);
  const loader = createPartLoader(checkpoint, variants, { runners, kernels });
  const cache = createResidentCache(plan.resident);
  const bytesPerToken = 4 * H * variants.length;
  const tokensInMemory = Math.floor((0.75 * plan.hidden) / bytesPerToken);
  const placesInMemory = Math.floor((0.25 * plan.hidden) / (4 * width * variants.length));
  const reloads = spec.layers * plan.block > plan.resident;
  const waveTokens =
    reloads && options.scratch !== undefined ? Math.max(tokensInMemory, WAVE_TOKENS) : tokensInMemory;

  /** The inputs of the first block, into a store. */
  const embed = async (rows: readonly PackedRow[], hidden: HiddenStore): Promise<void> => {
    const embedding = await cache.get('embedding', loader.embedding);
    const tableBytes = 4 * vocabularySize * width;
    const batch = 8 * tableBytes <= plan.resident ? rows.length : EMBEDDED_ROWS;
    for (let from = 0; from < rows.length; from += batch) {
      const some = rows.slice(from, from + batch);
      const lookUp = await readEmbeddings(checkpoint, some);
      for (const [i, row] of some.entries()) {
        const states = await embedRow(ort, spec, embedding, lookUp, row);
        for (const v of variants.keys()) await hidden.write(v, from + i, states);
      }
    }
  };

  /** Run rows through all blocks; `use` gets the hidden states behind the last one. */
  const withHidden = async <R>(
    rows: readonly PackedRow[],
    step: (detail: string) => void,
    use: (hidden: HiddenStore) => Promise<R>,
  ): Promise<R> => {
    const lengths = rows.map((row) => row.tokens.length * H);
    const tokens = rows.reduce((total, row) => total + row.tokens.length, 0);
    const scratch = tokens > tokensInMemory && options.scratch !== undefined ? await options.scratch() : null;
    try {
      const memory = Math.floor(0.75 * plan.hidden);
      const hidden = createHiddenStore(lengths, { variants: variants.length, memory, scratch });
      await embed(rows, hidden);
      const last = rows.reduce((max, row) => row.positions.reduce((a, b) => Math.max(a, b), max), 0);
      const tables = spec.positions.kind === 'rotary' ? rotaryTables(spec.positions, last + 1) : null;
      const buffer = new Float32Array(Math.max(...lengths));
      for (let layer = 0; layer < spec.layers; layer++) {
        const runners = await cache.get(`block ${layer}`, () => loader.block(layer));
        for (const [r, row] of rows.entries()) {
          const S = row.tokens.length;
          const feeds = rowFeeds(ort, spec, row, spec.attention.windows[layer] ?? null, tables);
          const out = buffer.subarray(0, S * H);
          const outputs = { out: new ort.Tensor('float32', out, [S, H]) };
          for (const [v, runner] of runners.entries()) {
            step(`block ${layer + 1} of ${spec.layers}`);
            const states = await hidden.read(v, r);
            await runner.run({ hidden: new ort.Tensor('float32', states, [S, H]), ...feeds }, outputs);
            await hidden.write(v, r, out);
          }
        }
      }
      return await use(hidden);
    } finally {
      await scratch?.close();
    }
  };

  const stepper = (total: number, phase: string, { signal, onProgress }: LongTaskOptions) => {
    let done = 0;
    return (detail: string): void => {
      signal?.throwIfAborted();
      onProgress?.({ phase, done, total, unit: 'row blocks', detail });
      done++;
    };
  };
  const loadFinal = () => cache.get('final', loader.final);
  const vocabulary = (output: VocabularyOutput) =>
    vocabularyParts(vocabularySize).map(({ start, end }) => ({
      start,
      end,
      load: () => cache.get(`${output} from ${start}`, () => loader.vocabulary(start, end, output)),
    }));

  return {
    variants: names,
    kernelBackend: kernels.backend,

    async score(requests, task = {}) {
      checkRequests(requests, checkpoint);
      const divergence = task.divergence ?? false;
      if (divergence && !baseline) throw noBaseline();
      const scores = variants.map((_, v) => requests.map(() => emptyScore(divergence && v > 0)));
      const rows = packRequests(requests, { rowLength, sharePrefixes });
      const total = rows.length * spec.layers * variants.length;
      const step = stepper(total, 'score', task);
      for (const wave of splitIntoWaves(rows, waveTokens)) {
        await withHidden(wave, step, async (hidden) => {
          const final = await loadFinal();
          const input = {
            rows: wave,
            hidden,
            hiddenSize: H,
            width,
            variants: variants.length,
            final,
            vocabulary: vocabulary(divergence && variants.length > 1 ? 'divergence' : 'scores'),
            divergence: divergence && variants.length > 1,
            batch: placesInMemory,
          };
          await scoreHead(ort, input, (v, request, place, token) => {
            addToken(scores[v]![request]!, place, token);
          });
        });
      }
      task.onProgress?.({ phase: 'score', done: total, total, unit: 'row blocks' });
      for (const [v, list] of scores.entries()) {
        for (const score of list) for (const logProb of score.tokenLogProbs) score.logProb += logProb;
        checkFiniteScores(names[v]!, list, checkpoint.path);
      }
      return scores.map((list, v) => ({ variant: names[v]!, scores: list }));
    },

    async logits(tokens, task = {}) {
      const request = { context: tokens, continuation: [0] };
      checkRequests([request], checkpoint);
      const [row] = packRequests([request]);
      const T = tokens.length;
      const step = stepper(spec.layers * variants.length, 'logits', task);
      return withHidden([row!], step, async (hidden) => {
        const final = await loadFinal();
        const results: { variant: string; logits: Float32Array }[] = [];
        for (const [v, variant] of names.entries()) {
          const states = await finalStates(ort, final, await hidden.read(v, 0), H);
          const logits = new Float32Array(T * vocabularySize);
          for (const part of vocabulary('logits')) {
            const runner = await part.load();
            const R = states.length / width;
            const out = await runner.run({ states: new ort.Tensor('float32', states, [R, width]) });
            const columns = part.end - part.start;
            const some = out.logits!.data as Float32Array; // [R, columns]
            for (let t = 0; t < T; t++)
              logits.set(some.subarray(t * columns, (t + 1) * columns), t * vocabularySize + part.start);
          }
          results.push({ variant, logits });
        }
        return results;
      });
    },

    async dispose() {
      cache.clear();
      await runners.dispose();
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

type MutableScore = { -readonly [K in keyof RequestScore]: RequestScore[K] };

function emptyScore(divergence: boolean): MutableScore {
  return {
    logProb: 0,
    isGreedy: true,
    tokenLogProbs: [],
    divergence: divergence ? { kl: [], sameTop: [] } : null,
  };
}

function addToken(score: MutableScore, place: number, token: TokenScore): void {
  (score.tokenLogProbs as number[])[place] = token.logProb;
  if (!token.isTop) score.isGreedy = false;
  if (score.divergence === null) return;
  (score.divergence.kl as number[])[place] = token.kl;
  (score.divergence.sameTop as boolean[])[place] = token.sameTop;
}

function noBaseline(): InvalidInputError {
  return new InvalidInputError({
    op: 'score',
    problem: 'divergence without a baseline',
    expected: 'an engine that runs the baseline',
    received: 'baseline: false',
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
