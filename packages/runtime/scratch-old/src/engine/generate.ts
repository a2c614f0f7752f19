/** @file Continuing a text token by token, with keys and values of the tokens so far kept. */
import { createRng, InvalidInputError, type LongTaskOptions } from '@bitcliff/core';
import { MASKED } from '../attention-mask.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { rotaryTables } from '../rotary.ts';
import type { LoadedBlock, LoadedEmbedding } from './load-parts.ts';
import type { Ort, OrtTensor } from './ort.ts';
import { embedRow, readEmbeddings, rotaryFeeds } from './row-tensors.ts';
import { checkSampling, type Sampling, sampleToken } from './sample-token.ts';

/** How to continue. */
export interface GenerateOptions extends Sampling, LongTaskOptions {
  /** @default the last one */
  readonly variant?: string | undefined;
  /** @default 64 */
  readonly maxTokens?: number | undefined;
  /** Ids that end the text; they are not part of it. @default the checkpoint's end-of-sequence ids */
  readonly stopTokens?: readonly number[] | undefined;
  /** Of the random choices. @default 0 */
  readonly seed?: number | undefined;
  /** Gets every token as it is chosen. */
  readonly onToken?: ((token: number) => void) | undefined;
}

/** What was generated. */
export interface Generated {
  readonly variant: string;
  readonly tokens: readonly number[];
  /** A stop token, the number of tokens asked for, or the positions of the model. */
  readonly end: 'stop' | 'maxTokens' | 'maxPositions';
}

/** The parts of a model that generation runs. */
export interface GenerateParts {
  readonly ort: Ort;
  readonly checkpoint: Checkpoint;
  /** Index of the variant. */
  readonly variant: number;
  /** Bytes that keys and values may take. */
  readonly memory: number;
  embedding(): Promise<LoadedEmbedding>;
  block(layer: number): Promise<LoadedBlock>;
  /** f32[vocabulary] after one hidden state. */
  logits(hidden: Float32Array): Promise<Float32Array>;
}

/**
 * Continue `prompt`, whose ids and length were checked.
 * @throws {InvalidInputError} when keys and values do not fit the memory, or a sampling option is out of range
 */
export async function generateTokens(
  parts: GenerateParts,
  prompt: readonly number[],
  options: Omit<GenerateOptions, 'variant'>,
): Promise<Omit<Generated, 'variant'>> {
  const { ort, checkpoint } = parts;
  const { spec } = checkpoint;
  const { maxTokens = 64, stopTokens = spec.eosTokenIds, seed = 0 } = options;
  checkSampling(options);
  if (prompt.length === 0) {
    throw new InvalidInputError({ op: 'generate', problem: 'empty prompt', expected: 'at least one token' });
  }
  const positions = Math.min(prompt.length + maxTokens, spec.maxPositions);
  checkMemory(parts, positions);
  const rng = createRng(seed);
  const tables = spec.positions.kind === 'rotary' ? rotaryTables(spec.positions, positions) : null;
  const cache: { key: OrtTensor; value: OrtTensor }[] = [];
  const tokens: number[] = [];
  let input: readonly number[] = prompt;
  let past = 0;
  for (;;) {
    const S = input.length;
    const row = { tokens: Int32Array.from(input), positions: Int32Array.from(input, (_, i) => past + i) };
    let hidden = await embedRow(
      ort,
      spec,
      await parts.embedding(),
      await readEmbeddings(checkpoint, [row]),
      row,
    );
    for (let layer = 0; layer < spec.layers; layer++) {
      options.signal?.throwIfAborted();
      const block = await parts.block(layer);
      const window = spec.attention.windows[layer] ?? null;
      const T = past + S;
      const feeds: Record<string, OrtTensor> = {
        ...rotaryFeeds(ort, spec, row.positions, tables),
        hidden: new ort.Tensor('float32', hidden, [S, spec.hiddenSize]),
        mask: new ort.Tensor('float32', causalMask(S, T, window), [1, 1, S, T]),
      };
      if (spec.positions.kind === 'alibi') {
        feeds.queryPositions = new ort.Tensor('float32', Float32Array.from(row.positions), [1, 1, S, 1]);
        feeds.keyPositions = new ort.Tensor(
          'float32',
          Float32Array.from({ length: T }, (_, i) => i),
          [1, 1, 1, T],
        );
      }
      const known = cache[layer];
      if (known !== undefined) {
        feeds.pastKey = known.key;
        feeds.pastValue = known.value;
      }
      const runner = await block.cachedRunner(parts.variant, known === undefined ? 'write' : 'extend');
      const out = await runner.run(feeds);
      cache[layer] = { key: out.key!, value: out.value! };
      hidden = out.out!.data as Float32Array;
    }
    past += S;
    const logits = await parts.logits(hidden.subarray((S - 1) * spec.hiddenSize));
    const token = sampleToken(logits, options, rng);
    if (stopTokens.includes(token)) return { tokens, end: 'stop' };
    tokens.push(token);
    options.onToken?.(token);
    options.onProgress?.({ phase: 'generate', done: tokens.length, total: maxTokens, unit: 'tokens' });
    if (tokens.length === maxTokens) return { tokens, end: 'maxTokens' };
    if (past === spec.maxPositions) return { tokens, end: 'maxPositions' };
    input = [token];
  }
}

function checkMemory({ checkpoint, memory }: GenerateParts, positions: number): void {
  const { layers, attention } = checkpoint.spec;
  const needed = 2 * 4 * layers * attention.heads * attention.headDim * positions;
  if (needed <= memory) return;
  throw new InvalidInputError({
    op: 'generate',
    problem: 'keys and values do not fit the memory budget',
    expected: `at most ${Math.floor(memory / 1e6)} MB`,
    received: `${Math.ceil(needed / 1e6)} MB for ${positions} tokens`,
    path: checkpoint.path,
    hint: 'Generate fewer tokens, or raise the memory budget',
  });
}

/** What the last S of T tokens see. @returns f32[S × T] */
function causalMask(S: number, T: number, window: number | null): Float32Array {
  const mask = new Float32Array(S * T).fill(MASKED);
  for (let s = 0; s < S; s++) {
    const end = T - S + s + 1;
    mask.fill(0, s * T + Math.max(0, end - (window ?? end)), s * T + end);
  }
  return mask;
}
