import type { Positions, RotaryScaling } from './decoder-spec.ts';

/**
 * Inverse frequencies of the rotary embedding, in float64.
 * @param dims features of a head that are rotated
 * @returns f64[dims / 2], radians per position
 * @see transformers modeling_rope_utils.py, `_compute_default_rope_parameters`, `_compute_llama3_parameters` (4.57)
 */
export function inverseFrequencies(dims: number, theta: number, scaling: RotaryScaling): Float64Array {
  const out = new Float64Array(dims / 2);
  for (let i = 0; i < out.length; i++) out[i] = scaleFrequency(theta ** (-(2 * i) / dims), scaling);
  return out;
}

function scaleFrequency(frequency: number, scaling: RotaryScaling): number {
  switch (scaling.kind) {
    case 'none':
      return frequency;
    case 'linear':
      return frequency / scaling.factor;
    case 'llama3': {
      const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalMaxPositions } = scaling;
      const wavelength = (2 * Math.PI) / frequency;
      if (wavelength < originalMaxPositions / high) return frequency;
      if (wavelength > originalMaxPositions / low) return frequency / factor;
      const smooth = (originalMaxPositions / wavelength - low) / (high - low);
      return ((1 - smooth) * frequency) / factor + smooth * frequency;
    }
  }
}

/** Cosines and sines, row-major. */
export interface RotaryTables {
  /** f32[rows × dims/2]. */
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

/**
 * Cosines and sines of the positions 0 to count − 1, computed in float64 and rounded once.
 * @returns one row per position
 */
export function rotaryTables(positions: Positions & { kind: 'rotary' }, count: number): RotaryTables {
  const half = positions.dims / 2;
  const frequencies = inverseFrequencies(positions.dims, positions.theta, positions.scaling);
  const cos = new Float32Array(count * half);
  const sin = new Float32Array(count * half);
  for (let position = 0, i = 0; position < count; position++) {
    for (let f = 0; f < half; f++, i++) {
      const angle = position * frequencies[f]!;
      cos[i] = Math.cos(angle);
      sin[i] = Math.sin(angle);
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
