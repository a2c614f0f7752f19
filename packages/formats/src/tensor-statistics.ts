import { elementCount, InvalidInputError, type LongTaskOptions } from '@bitcliff/core';
import type { TensorSource } from './tensor-source.ts';

/** Elements read at once: 4 MiB of float32. */
const CHUNK = 1 << 20;

/** What the numbers of a tensor look like. Moments and histogram are of its finite elements. */
export interface TensorStatistics {
  readonly count: number;
  readonly nan: number;
  readonly positiveInfinity: number;
  readonly negativeInfinity: number;
  /** `null` without a finite element, as are `max`, `mean` and `std`. */
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
  /** Standard deviation of the population (divided by n). */
  readonly std: number | null;
  /** Counts in bins of equal width from min to max; the last bin holds max. */
  readonly histogram: readonly number[];
}

/** Options of {@link tensorStatistics}. */
export interface StatisticsOptions extends LongTaskOptions {
  /** Bins of the histogram, 1 to 65,536. @default 32 */
  readonly bins?: number;
}

/**
 * Statistics of one tensor, widened to float32, summed in float64. Reads it twice, in pieces: memory does not grow with its size.
 * @throws {NotFoundError} when there is no such tensor
 * @throws {UnsupportedError} when its dtype has no float32 reading
 */
export async function tensorStatistics(
  source: TensorSource,
  name: string,
  options: StatisticsOptions = {},
): Promise<TensorStatistics> {
  const { bins = 32, signal, onProgress } = options;
  if (!Number.isInteger(bins) || bins < 1 || bins > 65_536) {
    throw new InvalidInputError({
      op: 'tensorStatistics',
      problem: 'bad number of bins',
      expected: 'an integer from 1 to 65536',
      received: bins,
    });
  }
  const count = elementCount(source.info(name).shape);
  const forEachChunk = async (pass: number, visit: (values: Float32Array) => void): Promise<void> => {
    for (let start = 0; start < count; start += CHUNK) {
      signal?.throwIfAborted();
      const end = Math.min(start + CHUNK, count);
      visit(await source.readFloat32(name, { range: { start, end } }));
      onProgress?.({
        phase: 'statistics',
        done: pass * count + end,
        total: 2 * count,
        unit: 'elements',
        detail: name,
      });
    }
  };

  let [nan, positiveInfinity, negativeInfinity, sum] = [0, 0, 0, 0];
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  await forEachChunk(0, (values) => {
    for (const x of values) {
      if (Number.isFinite(x)) {
        sum += x;
        if (x < min) min = x;
        if (x > max) max = x;
      } else if (x > 0) positiveInfinity++;
      else if (x < 0) negativeInfinity++;
      else nan++;
    }
  });
  const histogram = new Array<number>(bins).fill(0);
  const finite = count - nan - positiveInfinity - negativeInfinity;
  const counts = { count, nan, positiveInfinity, negativeInfinity };
  if (finite === 0) return { ...counts, min: null, max: null, mean: null, std: null, histogram };

  const mean = sum / finite;
  const width = (max - min) / bins;
  let squares = 0;
  await forEachChunk(1, (values) => {
    for (const x of values) {
      if (!Number.isFinite(x)) continue;
      squares += (x - mean) ** 2;
      const bin = width === 0 ? 0 : Math.min(bins - 1, Math.floor((x - min) / width));
      histogram[bin]!++;
    }
  });
  return { ...counts, min, max, mean, std: Math.sqrt(squares / finite), histogram };
}
