/** @file From hidden states behind the last block to scores: the vocabulary in parts, their results put together in float64. */
import { type PackedRow, scoredTokens } from '../packing.ts';
import type { GraphRunner } from './graph-runner.ts';
import type { HiddenStore } from './hidden-store.ts';
import { HEAD_ROWS, HEAD_TOKENS } from './memory-plan.ts';
import type { Ort } from './ort.ts';

/** The score of one request. */
export interface RequestScore {
  /** Σ log p(continuation[j] | context, continuation[<j]), natural logarithm, summed in float64. */
  readonly logProb: number;
  /** Every token of the continuation is the most probable one (ties go to the lowest id). */
  readonly isGreedy: boolean;
  /** The terms of `logProb`. */
  readonly tokenLogProbs: readonly number[];
  /** How far the variant is from the baseline at each of these tokens; `null` where that was not asked for, and for the baseline. */
  readonly divergence: TokenDivergence | null;
}

/** Distance between two next-token distributions, before each token of a continuation. */
export interface TokenDivergence {
  /** KL(baseline ‖ variant), nats, at least 0. */
  readonly kl: readonly number[];
  /** Both find the same token the most probable. */
  readonly sameTop: readonly boolean[];
}

/** A position behind which targets are scored. */
interface Place {
  readonly row: number;
  /** Which of the row's states is its own. */
  readonly state: number;
  readonly targets: { readonly request: number; readonly token: number; readonly place: number }[];
}

/** Parts of the vocabulary, in order. */
export interface VocabularyPart {
  readonly start: number;
  readonly end: number;
  load(): Promise<GraphRunner>;
}

/** The parts of a vocabulary: see {@link HEAD_TOKENS}. */
export function vocabularyParts(size: number): { start: number; end: number }[] {
  const parts: { start: number; end: number }[] = [];
  for (let start = 0; start < size; start += HEAD_TOKENS)
    parts.push({ start, end: Math.min(size, start + HEAD_TOKENS) });
  return parts;
}

/** Places whose states go through the vocabulary in one run. */
interface Group {
  /** Index of its first place. */
  readonly from: number;
  readonly count: number;
  /** f32[variants × count × width]. */
  readonly states: Float32Array;
  /** `u` is the place within the group. */
  readonly targets: readonly (Place['targets'][number] & { readonly u: number })[];
  readonly firstTarget: number;
}

/** What one part of the vocabulary, and then all of it, says of every row of states. */
interface Statistics {
  /** log Σ exp(logit). */
  readonly logSum: Float64Array;
  readonly max: Float64Array;
  readonly argmax: Int32Array;
  /** Σ p_b · (l_b − l), l_b and p_b the baseline's logits and probabilities; of the variants beside it. */
  readonly cross: Float64Array;
}

/**
 * Score the targets of packed rows.
 * @param input.kept `hidden` holds the states of {@link scoredTokens} of each row alone, instead of all
 * @param input.final what stands between the last block and the vocabulary
 * @param input.batch positions that may be held at once, with their states in every variant
 * @param put takes every score: of a variant, for a token of a request; `kl` and `sameTop` when divergence is asked for
 */
export async function scoreHead(
  ort: Ort,
  input: {
    readonly rows: readonly PackedRow[];
    readonly hidden: HiddenStore;
    readonly kept: boolean;
    readonly hiddenSize: number;
    readonly width: number;
    readonly variants: number;
    readonly final: GraphRunner | null;
    readonly vocabulary: readonly VocabularyPart[];
    readonly divergence: boolean;
    readonly batch: number;
  },
  put: (variant: number, request: number, place: number, score: TokenScore) => void,
): Promise<void> {
  const places = placesOf(input.rows, input.kept);
  const size = Math.max(1, input.batch);
  for (let at = 0; at < places.length; at += size) {
    await scorePlaces(ort, input, places.slice(at, at + size), put);
  }
}

/** The score of one token. */
export interface TokenScore {
  readonly logProb: number;
  readonly isTop: boolean;
  readonly kl: number;
  readonly sameTop: boolean;
}

/** Positions in the order of the rows, each once. */
function placesOf(rows: readonly PackedRow[], kept: boolean): Place[] {
  return rows.flatMap((row, r) => {
    const byIndex = new Map<number, Place>();
    for (const [k, index] of scoredTokens(row).entries())
      byIndex.set(index, { row: r, state: kept ? k : index, targets: [] });
    for (const { request, index, target, place } of row.scored)
      byIndex.get(index)!.targets.push({ request, token: target, place });
    return [...byIndex.values()];
  });
}

async function scorePlaces(
  ort: Ort,
  input: Parameters<typeof scoreHead>[1],
  places: readonly Place[],
  put: Parameters<typeof scoreHead>[2],
): Promise<void> {
  const { variants: V, width, divergence } = input;
  const U = places.length;
  // positions come in groups, and the rows of one run are a group in every variant, baseline first
  const group = Math.max(1, Math.floor(HEAD_ROWS / V));
  const groups: Group[] = [];
  let targetCount = 0;
  for (let from = 0; from < U; from += group) {
    const own = places.slice(from, from + group);
    const targets = own.flatMap(({ targets: list }, u) => list.map((target) => ({ u, ...target })));
    const states = await finalStates(ort, input.final, await gatherStates(input, own), input.hiddenSize);
    groups.push({ from, count: own.length, states, targets, firstTarget: targetCount });
    targetCount += targets.length;
  }
  const total: Statistics = {
    logSum: new Float64Array(V * U).fill(Number.NEGATIVE_INFINITY),
    max: new Float64Array(V * U).fill(Number.NEGATIVE_INFINITY),
    argmax: new Int32Array(V * U),
    cross: new Float64Array(V * U),
  };
  const targetLogits = new Float64Array(V * targetCount);
  for (const part of input.vocabulary) {
    const runner = await part.load();
    for (const { from, count, states, targets, firstTarget } of groups) {
      const pairs: bigint[] = [];
      const slots: number[] = [];
      for (const [t, { u, token }] of targets.entries()) {
        if (token < part.start || token >= part.end) continue;
        for (let v = 0; v < V; v++) {
          pairs.push(BigInt(v * count + u), BigInt(token - part.start));
          slots.push(v * targetCount + firstTarget + t);
        }
      }
      const out = await runner.run({
        states: new ort.Tensor('float32', states, [states.length / width, width]),
        targets: new ort.Tensor('int64', BigInt64Array.from(pairs), [pairs.length / 2, 2]),
      });
      const logits = out.targetLogits!.data as Float32Array;
      for (const [i, slot] of slots.entries()) targetLogits[slot] = logits[i]!;
      const max = out.max!.data as Float32Array;
      const topLogProb = out.topLogProb!.data as Float32Array;
      const argmax = out.argmax!.data as BigInt64Array;
      const cross = divergence ? (out.cross!.data as Float32Array) : null;
      for (let i = 0; i < count; i++) {
        const base = from + i;
        const before = total.logSum[base]!;
        for (let v = 0; v < V; v++) {
          const slot = v * U + base;
          const row = v * count + i;
          total.logSum[slot] = logAddExp(total.logSum[slot]!, max[row]! - topLogProb[row]!);
          if (max[row]! > total.max[slot]!) {
            total.max[slot] = max[row]!;
            total.argmax[slot] = Number(argmax[row]!) + part.start;
          }
          if (cross === null || v === 0) continue;
          // the parts' probabilities are relative to the part: weigh them by its share of the baseline's
          const after = total.logSum[base]!;
          total.cross[slot] =
            total.cross[slot]! * Math.exp(before - after) +
            cross[row - count]! * Math.exp(max[i]! - topLogProb[i]! - after);
        }
      }
    }
  }
  for (const { from, targets, firstTarget } of groups) {
    for (const [t, { u, request, token, place }] of targets.entries()) {
      for (let v = 0; v < V; v++) {
        const slot = v * U + from + u;
        const base = from + u;
        const logSum = total.logSum[slot]!;
        put(v, request, place, {
          logProb: targetLogits[v * targetCount + firstTarget + t]! - logSum,
          isTop: total.argmax[slot] === token,
          // a divergence of nothing may come out as a rounding error below 0
          kl: Math.max(0, total.cross[slot]! - (total.logSum[base]! - logSum)),
          sameTop: total.argmax[slot] === total.argmax[base],
        });
      }
    }
  }
}

/** log(eᵃ + eᵇ), b finite. */
function logAddExp(a: number, b: number): number {
  const max = Math.max(a, b);
  return max + Math.log1p(Math.exp(Math.min(a, b) - max));
}

/** The hidden states at some places. @returns f32[variants × places × hidden], at least two rows */
async function gatherStates(
  { hidden, hiddenSize: H, variants }: Parameters<typeof scoreHead>[1],
  places: readonly Place[],
): Promise<Float32Array> {
  // a product with one row takes another path through ONNX Runtime than one with several, with other last bits
  const states = new Float32Array(Math.max(2, variants * places.length) * H);
  for (let v = 0; v < variants; v++) {
    let row = -1;
    let from: Float32Array = states;
    for (const [u, place] of places.entries()) {
      if (place.row !== row) from = await hidden.read(v, place.row);
      row = place.row;
      const start = place.state * H;
      states.set(from.subarray(start, start + H), (v * places.length + u) * H);
    }
  }
  return states;
}

/** What meets the vocabulary. @param hidden f32[rows × hidden]  @returns f32[rows × width] */
export async function finalStates(
  ort: Ort,
  final: GraphRunner | null,
  hidden: Float32Array,
  hiddenSize: number,
): Promise<Float32Array> {
  if (final === null) return hidden;
  const rows = hidden.length / hiddenSize;
  const out = await final.run({ hidden: new ort.Tensor('float32', hidden, [rows, hiddenSize]) });
  return out.out!.data as Float32Array;
}
