/** @file Rows of tokens through all blocks of all variants: block by block, so that one block and the hidden states are all that must be in memory. */
import type { LongTaskOptions } from '@bitcliff/core';
import type { Checkpoint } from '../checkpoint.ts';
import type { TapStatistics } from '../graph/tap-graph.ts';
import { type PackedRow, scoredTokens } from '../packing.ts';
import { createRotaryRows } from '../rotary.ts';
import type { TapPoint } from '../taps.ts';
import { readEmbeddingRows } from '../weights.ts';
import type { GraphRunner } from './graph-runner.ts';
import { createHiddenStore, type HiddenStore } from './hidden-store.ts';
import type { PartLoader } from './load-parts.ts';
import type { MemoryPlan } from './memory-plan.ts';
import type { Ort, OrtTensor } from './ort.ts';
import { createResidentCache, type ResidentCache } from './resident-cache.ts';
import { embedRows, rowFeeds, splitIntoWaves } from './row-tensors.ts';
import type { Scratch } from './scratch.ts';

/** Tokens that pass a block together where blocks are read again for every wave: by operations and bytes, reading is a few percent of that. */
const WAVE_TOKENS = 16_384;
/** Parts of the memory for hidden states: of the blocks, and of what they read besides; the head gets the rest. */
const BLOCKS_SHARE = 0.7;
const FEEDS_SHARE = 0.05;

/** Gives outputs of block graphs to somebody. */
export interface BlockObserver {
  /** What to put into the graphs of a variant. */
  taps(variant: number): ReadonlyMap<TapPoint, TapStatistics>;
  /** The outputs of one row; the baseline's come first. @param index of the row among all rows of the pass */
  take(variant: number, layer: number, index: number, outputs: Readonly<Record<string, OrtTensor>>): void;
  /** What block graphs need besides: the baseline's values. */
  feeds(variant: number): Readonly<Record<string, OrtTensor>>;
  /** Memory for outputs of a row. @param tokens of the row */
  written(variant: number, tokens: number): Readonly<Record<string, OrtTensor>>;
}

/** One pass over a model. */
export interface Forward {
  /** Positions whose states the head may hold at once. */
  readonly headPositions: number;
  /**
   * Run rows through all blocks, in as many waves as memory asks for.
   * @param use gets the rows of each wave with their hidden states behind the last block; `kept`: of their scored tokens alone
   */
  run(
    rows: readonly PackedRow[],
    task: ForwardTask,
    use: (wave: readonly PackedRow[], hidden: HiddenStore, kept: boolean) => Promise<void>,
  ): Promise<void>;
}

/** What a pass does beside running. */
export interface ForwardTask extends LongTaskOptions {
  readonly phase: string;
  readonly observer?: BlockObserver;
  /** Give every block what the baseline, which is the first variant, made of the blocks before it. @default true: what its own variant made */
  readonly propagate?: boolean | undefined;
  /** Blocks that are left out, 0-based: hidden states pass them as they are. @default none */
  readonly skipLayers?: readonly number[] | undefined;
  /** The last block may put out {@link scoredTokens} alone; not with an observer. @default false */
  readonly scoredOnly?: boolean;
}

/** Blocks that one graph runs. */
interface Unit {
  /** Of the first, 0-based. */
  readonly layer: number;
  /** How many. */
  readonly blocks: number;
  readonly detail: string;
  /** Of their attention. */
  readonly window: number | null;
  /** The tokens that come out, as the input `kept`; `null`: all, without that input. */
  keep(row: PackedRow): Int32Array | null;
  load(): Promise<{
    runner(variant: number, taps?: ReadonlyMap<TapPoint, TapStatistics>): Promise<GraphRunner>;
  }>;
}

/** @param parts.variants how many */
export function createForward(parts: {
  readonly ort: Ort;
  readonly checkpoint: Checkpoint;
  readonly loader: PartLoader;
  readonly cache: ResidentCache;
  readonly variants: number;
  readonly plan: MemoryPlan;
  readonly scratch: (() => Promise<Scratch>) | undefined;
}): Forward {
  const { ort, checkpoint, loader, cache, variants, plan } = parts;
  const { spec } = checkpoint;
  const H = spec.hiddenSize;
  const memory = Math.floor(BLOCKS_SHARE * plan.hidden);
  const tokensInMemory = Math.floor(memory / (4 * H * variants));
  const reloads = spec.layers * plan.block > plan.resident;
  const waveTokens =
    reloads && parts.scratch !== undefined ? Math.max(tokensInMemory, WAVE_TOKENS) : tokensInMemory;

  /** The inputs of the first block, into a store. */
  const embed = async (rows: readonly PackedRow[], hidden: HiddenStore): Promise<void> => {
    const embedding = await cache.get('embedding', loader.embedding);
    const { vocabularySize: tokens } = spec;
    const bytes = 4 * tokens * spec.embedding.width;
    const load = async () => ({ value: await readEmbeddingRows(checkpoint, 0, tokens), bytes });
    const table = 4 * bytes <= plan.resident ? await cache.get('embedding table', load) : null;
    await embedRows(ort, checkpoint, embedding, { rows, table }, async (r, states) => {
      for (let v = 0; v < variants; v++) await hidden.write(v, r, states);
    });
  };

  /**
   * All blocks at once where nobody looks between them and they may stay in memory, otherwise one by one.
   * @param layers that run  @param report is told what is being loaded, and may throw
   */
  const unitsOf = async (
    { observer, propagate = true, scoredOnly = false }: ForwardTask,
    layers: readonly number[],
    report: (detail: string) => void,
  ): Promise<Unit[]> => {
    const { windows } = spec.attention;
    const isWhole = observer === undefined && propagate && layers.length === spec.layers;
    const { stackBytes } = loader;
    if (isWhole && stackBytes !== null && cache.keeps('stack', stackBytes)) {
      // loaded before something else takes the room
      const stack = await cache.get('stack', () =>
        loader.stack((layer) => report(`loading block ${layer + 1} of ${spec.layers}`)),
      );
      return [
        {
          layer: 0,
          blocks: spec.layers,
          detail: 'all blocks',
          window: windows[0] ?? null,
          keep: scoredOnly ? scoredTokens : ({ tokens }) => Int32Array.from(tokens.keys()),
          load: async () => stack,
        },
      ];
    }
    return layers.map((layer): Unit => {
      const isLast = scoredOnly && plan.scoredOnly && layer === layers.at(-1);
      return {
        layer,
        blocks: 1,
        detail: `block ${layer + 1} of ${spec.layers}`,
        window: windows[layer] ?? null,
        keep: isLast ? scoredTokens : () => null,
        async load() {
          const block = await cache.get(`block ${layer}`, () => loader.block(layer));
          return isLast ? { runner: block.keptRunner } : block;
        },
      };
    });
  };

  return {
    headPositions: Math.floor(
      ((1 - BLOCKS_SHARE - FEEDS_SHARE) * plan.hidden) / (4 * Math.max(H, spec.embedding.width) * variants),
    ),

    async run(rows, task, use) {
      const { observer, propagate = true, skipLayers = [] } = task;
      const layers = Array.from({ length: spec.layers }, (_, layer) => layer).filter(
        (layer) => !skipLayers.includes(layer),
      );
      const total = rows.length * variants * layers.length;
      let done = 0;
      const report = (detail: string): void => {
        task.signal?.throwIfAborted();
        task.onProgress?.({ phase: task.phase, done, total, unit: 'row blocks', detail });
      };
      const units = await unitsOf(task, layers, report);
      let first = 0;
      for (const wave of splitIntoWaves(rows, waveTokens)) {
        const lengths = wave.map((row) => row.tokens.length * H);
        const bytes = 4 * variants * lengths.reduce((a, b) => a + b, 0);
        const scratch = bytes > memory && parts.scratch !== undefined ? await parts.scratch() : null;
        try {
          const hidden = createHiddenStore(lengths, { variants, memory, scratch });
          await embed(wave, hidden);
          const longest = wave.reduce((max, row) => row.lengths.reduce((a, b) => Math.max(a, b), max), 0);
          const rotary = spec.positions.kind === 'rotary' ? createRotaryRows(spec.positions, longest) : null;
          const kept = createResidentCache(FEEDS_SHARE * plan.hidden);
          const feedsOf = (r: number, window: number | null) =>
            kept.get(`${r} ${window}`, async () => {
              const value = rowFeeds(ort, spec, wave[r]!, window, rotary);
              const bytes = Object.values(value).reduce(
                (sum, { data }) => sum + (data as Float32Array).byteLength,
                0,
              );
              return { value, bytes };
            });
          const buffer = new Float32Array(Math.max(...lengths));
          const baselineBuffer = propagate ? buffer : new Float32Array(buffer.length);
          for (const unit of units) {
            const loaded = await unit.load();
            for (const [r, row] of wave.entries()) {
              const S = row.tokens.length;
              const keep = unit.keep(row);
              const U = keep?.length ?? S;
              const shared = await feedsOf(r, unit.window);
              for (let v = 0; v < variants; v++) {
                const out = (v === 0 ? baselineBuffer : buffer).subarray(0, U * H);
                const written = new ort.Tensor('float32', out, [U, H]);
                report(unit.detail);
                done += unit.blocks;
                const runner = await loaded.runner(v, observer?.taps(v));
                const states = new ort.Tensor('float32', await hidden.read(propagate ? v : 0, r), [S, H]);
                const feeds = {
                  hidden: states,
                  ...shared,
                  ...observer?.feeds(v),
                  ...(keep && { kept: new ort.Tensor('int32', keep, [U]) }),
                };
                const outputs = await runner.run(feeds, { out: written, ...observer?.written(v, S) });
                observer?.take(v, unit.layer, first + r, outputs);
                if (propagate) await hidden.write(v, r, out);
              }
              // not before all variants have read what it replaces
              if (!propagate) await hidden.write(0, r, baselineBuffer.subarray(0, S * H));
            }
          }
          await use(wave, hidden, units.at(-1)?.keep === scoredTokens);
        } finally {
          await scratch?.close();
        }
        first += wave.length;
      }
      task.onProgress?.({ phase: task.phase, done: total, total, unit: 'row blocks' });
    },
  };
}
