/**
 * @file A histogram of |x| over all scales at once, in one pass and without a range: four bins per power of two, read off the bits of the float. Bins
 * are (lower, upper], so the sum of those above an edge is the count of |x| > edge; 1 and 6 are edges.
 */
import { InvalidInputError } from '@bitcliff/core';

/** Bits of a float32 below the two leading bits of its mantissa. */
const SHIFT = 21;
/** Bins up to infinity: (0x7f800000 − 1) >> 21, and one. */
const BINS = 1020;
/** A slot for 0, the bins, and slots that NaNs fall into, up to (0x7fffffff − 1) >> 21, and two. */
const SLOTS = 1025;

/** Bits of the largest finite float. */
const LARGEST = 0x7f7fffff;

/** Counts of magnitudes. Bin i is (edges[i], edges[i + 1]]. */
export interface MagnitudeHistogram {
  /** Values that are exactly 0. */
  readonly zero: number;
  /** One more than bins, from the first to the last bin that is not empty; none for zeros alone. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
}

/** Gathers magnitudes, array by array. */
export interface MagnitudeCounter {
  add(values: Float32Array): void;
  /** Whether some |x| so far may be this large: false is certain. */
  reaches(magnitude: number): boolean;
  /** Infinities stand in the last bin. @throws {InvalidInputError} when a value was NaN */
  finish(): MagnitudeHistogram;
}

/** An empty {@link MagnitudeCounter}. */
export function createMagnitudeCounter(): MagnitudeCounter {
  const counts = new Float64Array(SLOTS);
  return {
    add(values) {
      const bits = new Int32Array(values.buffer, values.byteOffset, values.length);
      for (let i = 0; i < bits.length; i++) counts[(((bits[i]! & 0x7fffffff) - 1) >> SHIFT) + 1]!++;
    },
    reaches(magnitude) {
      for (let slot = SLOTS - 1; slot > 0; slot--) {
        if (counts[slot]! > 0) return slot > BINS || edge(slot) >= magnitude;
      }
      return magnitude <= 0;
    },
    finish() {
      if (counts.subarray(BINS + 1).some((count) => count > 0)) {
        throw new InvalidInputError({
          op: 'magnitudeHistogram',
          problem: 'a value is NaN',
          expected: 'numbers',
        });
      }
      let first = 1;
      let end = BINS + 1;
      while (first < end && counts[first] === 0) first++;
      while (end > first && counts[end - 1] === 0) end--;
      const edges =
        first === end ? [] : Array.from({ length: end - first + 1 }, (_, i) => edge(first - 1 + i));
      return { zero: counts[0]!, edges, counts: Array.from(counts.subarray(first, end)) };
    },
  };
}

/** Lower edge of a bin; the largest finite float closes the last, so that edges can be written as JSON. */
function edge(bin: number): number {
  const bits = Int32Array.of(Math.min(bin << SHIFT, LARGEST));
  return new Float32Array(bits.buffer)[0]!;
}

/** Whether |x| > threshold can be counted by whole bins. */
export function isMagnitudeEdge(threshold: number): boolean {
  const value = Float32Array.of(threshold);
  const [bits] = new Int32Array(value.buffer);
  return value[0] === threshold && threshold > 0 && bits! % 2 ** SHIFT === 0;
}

/** Values with |x| > edge. @param edge for which {@link isMagnitudeEdge} holds */
export function countAboveEdge({ edges, counts }: MagnitudeHistogram, edge: number): number {
  return counts.reduce((sum, count, i) => sum + (edges[i]! >= edge ? count : 0), 0);
}

/** {@link createMagnitudeCounter} on one array. @param values f32 */
export function magnitudeHistogram(values: Float32Array): MagnitudeHistogram {
  const counter = createMagnitudeCounter();
  counter.add(values);
  return counter.finish();
}
