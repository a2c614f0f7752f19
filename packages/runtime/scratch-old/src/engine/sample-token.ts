import { InvalidInputError, type Rng } from '@bitcliff/core';

/** How the next token is chosen. */
export interface Sampling {
  /** Logits are divided by it; 0 takes the most probable token. @default 0 */
  readonly temperature?: number | undefined;
  /** Only the k most probable tokens. @default all */
  readonly topK?: number | undefined;
  /** Only the most probable tokens whose probabilities together reach p, after temperature and top-k. @default 1, all */
  readonly topP?: number | undefined;
}

/** @throws {InvalidInputError} for a value out of range */
export function checkSampling({ temperature = 0, topK = 1, topP = 1 }: Sampling): void {
  const check = (name: string, valid: boolean, expected: string, received: number): void => {
    if (!valid) throw new InvalidInputError({ op: 'generate', problem: `bad ${name}`, expected, received });
  };
  check('temperature', temperature >= 0 && Number.isFinite(temperature), 'a number from 0', temperature);
  check('topK', Number.isInteger(topK) && topK >= 1, 'an integer from 1', topK);
  check('topP', topP > 0 && topP <= 1, 'a number above 0, at most 1', topP);
}

/**
 * Choose a token. Probabilities are computed in float64; among equal logits the lowest id comes first.
 * @param logits f32[vocabulary]  @param rng used only with a temperature above 0
 */
export function sampleToken(logits: Float32Array, sampling: Sampling, rng: Rng): number {
  const { temperature = 0, topK = logits.length, topP = 1 } = sampling;
  if (temperature === 0) {
    let best = 0;
    for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
    return best;
  }
  const order = Uint32Array.from(logits.keys()).sort((a, b) => logits[b]! - logits[a]! || a - b);
  const kept = order.subarray(0, topK);
  const weights = Float64Array.from(kept, (id) => Math.exp((logits[id]! - logits[kept[0]!]!) / temperature));
  const total = weights.reduce((a, b) => a + b, 0);
  let mass = 0;
  let count = 0;
  while (count < weights.length && mass < topP * total) mass += weights[count++]!;
  let at = rng.uniform() * mass;
  for (let i = 0; i < count; i++) {
    at -= weights[i]!;
    if (at < 0) return kept[i]!;
  }
  return kept[count - 1]!;
}
