import type { LongTaskOptions, ProgressEvent } from '@bitcliff/core';

/** Milliseconds between two updates: a terminal line is rewritten, a log gets a new line. */
const TERMINAL_INTERVAL = 100;
const LOG_INTERVAL = 5000;

/** Shows progress on stderr. */
export interface ProgressLine {
  update(event: ProgressEvent): void;
  /** Clear the line. */
  end(): void;
}

/** @param stream stderr  @param now milliseconds, for tests */
export function createProgressLine(
  stream: { write(text: string): unknown; isTTY?: boolean },
  now: () => number = () => performance.now(),
): ProgressLine {
  let start = now();
  const interval = stream.isTTY ? TERMINAL_INTERVAL : LOG_INTERVAL;
  let last = start - (stream.isTTY ? interval : 0);
  let current: string | undefined;
  return {
    update({ phase, done, total, unit, detail }) {
      const time = now();
      if (current !== undefined && phase !== current) start = time; // each phase has its own rate
      current = phase;
      if (time - last < interval) return;
      last = time;
      const seconds = (time - start) / 1000;
      const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
      let text = `${phase} ${percent} % (${done} of ${total} ${unit}`;
      if (done > 0 && seconds > 0) {
        text += `, ${formatRate(done / seconds)}, ${formatSeconds((seconds / done) * (total - done))} left`;
      }
      text += `)${detail === undefined ? '' : ` ${detail}`}`;
      stream.write(stream.isTTY ? `\r\u001b[2K${text}` : `${text}\n`);
    },
    end() {
      if (stream.isTTY) stream.write('\r\u001b[2K');
    },
  };
}

/** Do long work with a progress line that is gone when the work ends, one way or the other. */
export async function withProgress<T>(
  stderr: { write(text: string): unknown; isTTY?: boolean },
  signal: AbortSignal,
  work: (task: Required<LongTaskOptions>) => Promise<T>,
): Promise<T> {
  const progress = createProgressLine(stderr);
  try {
    return await work({ signal, onProgress: (event) => progress.update(event) });
  } finally {
    progress.end();
  }
}

/** Three digits: 0.25 → "0.250/s", 1234 → "1234/s". @param rate above 0, per second */
function formatRate(rate: number): string {
  return `${rate >= 100 ? Math.round(rate) : rate.toPrecision(3)}/s`;
}

/** 75 → "1 min 15 s", 0.34 → "0.3 s". @param seconds ≥ 0 */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
