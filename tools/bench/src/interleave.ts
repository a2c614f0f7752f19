/**
 * @file Compare pieces of code on a machine that does other work too: they run in turn, A B C A B C …, so that a slow moment meets all
 * of them, and only the ratios within one round are used.
 */

/** One piece of code. It returns a number that depends on its work, so that the work cannot be optimised away. */
export type Contender = () => number | Promise<number>;

/** How often to run. */
export interface InterleaveOptions {
  /** Rounds that count. @default 15 */
  readonly rounds?: number;
  /** Rounds before them, which do not. @default 3 */
  readonly warmups?: number;
  /** Milliseconds now. @default performance.now */
  readonly now?: () => number;
}

/** Speed of one contender as a multiple of the baseline's: 2 means half the time. */
export interface Ratio {
  readonly name: string;
  /** Middle of the rounds' ratios. */
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Median time of a run, in milliseconds; says how long a round is, not how fast the code is. */
  readonly milliseconds: number;
}

/** What was measured. */
export interface Interleaved {
  readonly ratios: readonly Ratio[];
  /** Sum of all returned numbers. */
  readonly consumed: number;
}

/**
 * Run all contenders once per round and compare their times with the baseline's of the same round.
 * @param contenders at least the baseline  @param baseline its name
 * @returns a ratio for every contender but the baseline, in the order given
 */
export async function interleave(
  contenders: Readonly<Record<string, Contender>>,
  baseline: string,
  options: InterleaveOptions = {},
): Promise<Interleaved> {
  const { rounds = 15, warmups = 3, now = () => performance.now() } = options;
  const names = Object.keys(contenders);
  if (!names.includes(baseline) || rounds < 1)
    throw new Error(`interleave: no baseline ${baseline}, or no round`);
  const times = new Map<string, number[]>(names.map((name) => [name, []]));
  let consumed = 0;
  for (let round = -warmups; round < rounds; round++) {
    for (const name of names) {
      const start = now();
      consumed += await contenders[name]!();
      if (round >= 0) times.get(name)!.push(now() - start);
    }
  }
  return { ratios: ratiosOf(times, baseline), consumed };
}

/** Speeds from times. @param times milliseconds of each round by contender, the baseline among them */
export function ratiosOf(times: ReadonlyMap<string, readonly number[]>, baseline: string): Ratio[] {
  const base = times.get(baseline)!;
  return [...times].flatMap(([name, own]): Ratio[] => {
    if (name === baseline) return [];
    const each = own.map((time, round) => base[round]! / time);
    const milliseconds = median(own);
    return [{ name, median: median(each), min: Math.min(...each), max: Math.max(...each), milliseconds }];
  });
}

/** Middle value; the mean of the two in the middle of an even count. @param values at least one */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}
