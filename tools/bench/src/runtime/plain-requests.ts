import type { Engine, ScoreRequest } from '@bitcliff/runtime';

/**
 * Requests as they are scored without packing, sharing and choosing positions: every choice is a sequence of its own, padded to the longest of its item,
 * with logits at every position. They need an engine of `{ rowLength: 1, sharePrefixes: false }`.
 * @param items the requests [start, end) of each item
 */
export function plainRequests(
  requests: readonly ScoreRequest[],
  items: readonly { readonly start: number; readonly end: number }[],
): ScoreRequest[] {
  return items.flatMap(({ start, end }) => {
    const own = requests.slice(start, end);
    const length = ({ context, continuation }: ScoreRequest): number => context.length + continuation.length;
    const longest = Math.max(...own.map(length));
    return own.map((request) => {
      const { context, continuation } = request;
      const padding = new Array<number>(longest - length(request)).fill(0);
      return {
        context: context.slice(0, 1),
        continuation: [...context.slice(1), ...continuation, ...padding],
      };
    });
  });
}

/** What {@link scoreFullLogits} scores. */
export interface PaddedChoice {
  /** What the model reads: context and continuation without its last token, and padding. */
  readonly tokens: readonly number[];
  /** Index of the token behind which the first target is scored. */
  readonly from: number;
  /** The continuation. */
  readonly targets: readonly number[];
}

/** Every choice as a sequence of its own, padded to the longest of its item. @param items the requests [start, end) of each item */
export function paddedChoices(
  requests: readonly ScoreRequest[],
  items: readonly { readonly start: number; readonly end: number }[],
): PaddedChoice[] {
  return items.flatMap(({ start, end }) => {
    const own = requests.slice(start, end);
    const read = own.map(({ context, continuation }) => [...context, ...continuation.slice(0, -1)]);
    const longest = Math.max(...read.map(({ length }) => length));
    return own.map(({ context, continuation }, i) => ({
      tokens: [...read[i]!, ...new Array<number>(longest - read[i]!.length).fill(0)],
      from: context.length - 1,
      targets: continuation,
    }));
  });
}

/**
 * The plain way: the model's logits for the whole padded sequence, [tokens × vocabulary], and the log-softmax of those before each token of the continuation.
 * @returns log-probability of each choice
 */
export async function scoreFullLogits(engine: Engine, choices: readonly PaddedChoice[]): Promise<number[]> {
  const scores: number[] = [];
  for (const { tokens, from, targets } of choices) {
    const { logits } = (await engine.logits(tokens))[0]!;
    const vocabulary = logits.length / tokens.length;
    let score = 0;
    for (const [j, target] of targets.entries()) {
      const row = logits.subarray((from + j) * vocabulary, (from + j + 1) * vocabulary);
      let max = row[0]!;
      for (let i = 1; i < vocabulary; i++) max = Math.max(max, row[i]!);
      let sum = 0;
      for (let i = 0; i < vocabulary; i++) sum += Math.exp(row[i]! - max);
      score += row[target]! - max - Math.log(sum);
    }
    scores.push(score);
  }
  return scores;
}
