import type { LongTaskOptions } from '@bitcliff/core';
import { createKernels, type Kernels } from '@bitcliff/kernels';
import type { Checkpoint, EngineOptions } from '@bitcliff/runtime';

/** How a checkpoint is run: the options of `createEngine`, and what recipes need. */
export interface AnalysisOptions
  extends Omit<EngineOptions, 'recipes' | 'baseline' | 'rowLength' | 'sharePrefixes' | 'heldByCaller'>,
    LongTaskOptions {
  /** Token ids for recipes that need calibration and are not in `quantized`. @default the sequences that are analysed */
  readonly calibration?: readonly ArrayLike<number>[] | undefined;
}

/** What every record says of its checkpoint. */
export interface CheckpointLabel {
  readonly checkpoint: string;
  /** Optimizer steps; `null` where the checkpoint does not say. */
  readonly step: number | null;
}

/** The label of a checkpoint. */
export function labelOf({ path, metadata }: Checkpoint): CheckpointLabel {
  return { checkpoint: path, step: metadata.step ?? null };
}

/** Run with the kernels of the options, or with own ones that are freed afterwards. */
export async function withKernels<T>(
  { kernels }: { readonly kernels?: Kernels },
  use: (kernels: Kernels) => Promise<T>,
): Promise<T> {
  if (kernels !== undefined) return use(kernels);
  const own = await createKernels();
  try {
    return await use(own);
  } finally {
    await own.dispose();
  }
}

/** The progress of one of several equal parts, as progress of the whole. */
export function partOf(
  { signal, onProgress }: LongTaskOptions,
  part: number,
  parts: number,
): LongTaskOptions {
  return {
    signal,
    onProgress:
      onProgress &&
      ((event) =>
        onProgress({ ...event, done: part * event.total + event.done, total: parts * event.total })),
  };
}

/** The progress and signal of options alone. */
export function taskOf({ signal, onProgress }: LongTaskOptions): LongTaskOptions {
  return { signal, onProgress };
}
