import type { Positions, RotaryScaling } from './decoder-spec.ts';

/**
 * Inverse frequencies of the rotary embedding, in float64.
 * @param dims features of a head that are rotated
 * @param length tokens of the sequence; only `dynamic` and `longrope` scaling ask for it @default 0, within the original length
 * @returns f64[dims / 2], radians per position
 * @see transformers modeling_rope_utils.py (4.57), `_compute_{default,linear_scaling,dynamic_ntk,yarn,longrope,llama3}_…parameters`
 */
export function inverseFrequencies(
  dims: number,
  theta: number,
  scaling: RotaryScaling,
  length = 0,
): Float64Array {
  const base = scaling.kind === 'dynamic' ? dynamicBase(dims, theta, scaling, length) : theta;
  const plain = Float64Array.from({ length: dims / 2 }, (_, i) => base ** (-(2 * i) / dims));
  switch (scaling.kind) {
    case 'none':
    case 'dynamic':
      return plain;
    case 'linear':
      return plain.map((frequency) => frequency / scaling.factor);
    case 'llama3':
      return plain.map((frequency) => scaleLlama3(frequency, scaling));
    case 'yarn':
      return scaleYarn(plain, dims, theta, scaling);
    case 'longrope': {
      const { shortFactors, longFactors, originalMaxPositions } = scaling;
      const factors = length > originalMaxPositions ? longFactors : shortFactors;
      return plain.map((frequency, i) => frequency / factors[i]!);
    }
    case 'factors':
      return plain.map((frequency, i) => frequency / scaling.factors[i]!);
  }
}

/** What cosines and sines are multiplied by. */
export function rotaryMagnitude(scaling: RotaryScaling): number {
  return scaling.kind === 'yarn' || scaling.kind === 'longrope' ? scaling.attentionFactor : 1;
}

type Scaling<Kind> = RotaryScaling & { kind: Kind };

function dynamicBase(dims: number, theta: number, scaling: Scaling<'dynamic'>, length: number): number {
  const { factor, originalMaxPositions } = scaling;
  if (length <= originalMaxPositions) return theta;
  return theta * ((factor * length) / originalMaxPositions - (factor - 1)) ** (dims / (dims - 2));
}

function scaleLlama3(frequency: number, scaling: Scaling<'llama3'>): number {
  const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalMaxPositions } = scaling;
  const wavelength = (2 * Math.PI) / frequency;
  if (wavelength < originalMaxPositions / high) return frequency;
  if (wavelength > originalMaxPositions / low) return frequency / factor;
  const smooth = (originalMaxPositions / wavelength - low) / (high - low);
  return ((1 - smooth) * frequency) / factor + smooth * frequency;
}

function scaleYarn(plain: Float64Array, dims: number, theta: number, scaling: Scaling<'yarn'>): Float64Array {
  const { factor, originalMaxPositions, betaFast, betaSlow, truncate } = scaling;
  /** The feature, as a real number, that makes so many turns over the original length. */
  const featureOf = (turns: number): number =>
    (dims * Math.log(originalMaxPositions / (turns * 2 * Math.PI))) / (2 * Math.log(theta));
  const [fast, slow] = [featureOf(betaFast), featureOf(betaSlow)];
  const low = Math.max(truncate ? Math.floor(fast) : fast, 0);
  let high = Math.min(truncate ? Math.ceil(slow) : slow, dims - 1);
  if (low === high) high += 0.001; // as transformers does, against a division by 0
  return plain.map((frequency, i) => {
    const ramp = Math.min(1, Math.max(0, (i - low) / (high - low)));
    return (frequency / factor) * ramp + frequency * (1 - ramp);
  });
}

/**
 * Tokens beyond which a sequence takes other frequencies than a shorter one; `null`: all take the same. Under `dynamic` scaling longer sequences are
 * refused (`rotaryTables`).
 */
export function longSequence(positions: Positions): number | null {
  return positions.kind === 'rotary' && positions.scaling.kind === 'longrope'
    ? positions.scaling.originalMaxPositions
    : null;
}

/** Cosines and sines, row-major. */
export interface RotaryTables {
  /** f32[rows × dims/2]. */
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

/**
 * Cosines and sines of the positions 0 to count − 1, computed in float64 and rounded once.
 * @param count tokens of the longest sequence
 * @param length tokens that the frequencies are for @default count; under `dynamic` scaling every sequence takes those of the longest, as a batch does
 * in transformers
 * @returns one row per position
 */
export function rotaryTables(
  positions: Positions & { kind: 'rotary' },
  count: number,
  length: number = count,
): RotaryTables {
  const half = positions.dims / 2;
  const frequencies = inverseFrequencies(positions.dims, positions.theta, positions.scaling, length);
  const magnitude = rotaryMagnitude(positions.scaling);
  const cos = new Float32Array(count * half);
  const sin = new Float32Array(count * half);
  for (let position = 0, i = 0; position < count; position++) {
    for (let f = 0; f < half; f++, i++) {
      const angle = position * frequencies[f]!;
      cos[i] = Math.cos(angle) * magnitude;
      sin[i] = Math.sin(angle) * magnitude;
    }
  }
  return { cos, sin };
}

/** Where tokens stand: position in the own sequence, and tokens of that sequence, both by token. */
export interface TokenPositions {
  readonly positions: Int32Array;
  readonly lengths: Int32Array;
}

/** Gives cosines and sines, one row per token. */
export type RotaryRows = (tokens: TokenPositions) => RotaryTables;

/**
 * Cosines and sines of tokens, of sequences up to `count` tokens long. A token's depend on its own sequence, never on what runs beside it: where
 * frequencies depend on the length, as in {@link longSequence}, there is a table for either.
 */
export function createRotaryRows(positions: Positions & { kind: 'rotary' }, count: number): RotaryRows {
  const half = positions.dims / 2;
  const limit = longSequence(positions) ?? count;
  const usual = rotaryTables(positions, Math.min(count, limit));
  const long = count > limit ? rotaryTables(positions, count) : usual;
  const take = ({ positions: at, lengths }: TokenPositions, name: keyof RotaryTables): Float32Array => {
    const out = new Float32Array(at.length * half);
    for (const [t, p] of at.entries()) {
      const table = lengths[t]! > limit ? long : usual;
      out.set(table[name].subarray(p * half, (p + 1) * half), t * half);
    }
    return out;
  };
  return (tokens) => ({ cos: take(tokens, 'cos'), sin: take(tokens, 'sin') });
}
