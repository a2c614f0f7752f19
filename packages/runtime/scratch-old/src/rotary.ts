import type { Positions, RotaryScaling } from './decoder-spec.ts';

/**
 * Inverse frequencies of the rotary embedding, in float64.
 * @param dims features of a head that are rotated
 * @param length tokens of the sequence; only `dynamic` scaling asks for it @default 0, within the original length
 * @returns f64[dims / 2], radians per position
 * @see transformers modeling_rope_utils.py (4.57), `_compute_{default,linear_scaling,dynamic_ntk,yarn,llama3}_…parameters`
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
    case 'factors':
      return plain.map((frequency, i) => frequency / scaling.factors[i]!);
  }
}

/** What cosines and sines are multiplied by. */
export function rotaryMagnitude(scaling: RotaryScaling): number {
  return scaling.kind === 'yarn' ? scaling.attentionFactor : 1;
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

/** Cosines and sines, row-major. */
export interface RotaryTables {
  /** f32[rows × dims/2]. */
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

/**
 * Cosines and sines of the positions 0 to count − 1, computed in float64 and rounded once.
 * @param count tokens of the longest sequence; under `dynamic` scaling every sequence takes the frequencies of that length, as a batch does
 * in transformers
 * @returns one row per position
 */
export function rotaryTables(positions: Positions & { kind: 'rotary' }, count: number): RotaryTables {
  const half = positions.dims / 2;
  const frequencies = inverseFrequencies(positions.dims, positions.theta, positions.scaling, count);
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

/** The rows of the tables that tokens need. @returns one row per token */
export function lookUpPositions(tables: RotaryTables, positions: Int32Array, half: number): RotaryTables {
  const take = (table: Float32Array): Float32Array => {
    const out = new Float32Array(positions.length * half);
    for (const [t, p] of positions.entries()) out.set(table.subarray(p * half, (p + 1) * half), t * half);
    return out;
  };
  return { cos: take(tables.cos), sin: take(tables.sin) };
}
