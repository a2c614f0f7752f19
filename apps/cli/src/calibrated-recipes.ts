/** @file Recipes that need calibration, quantized before they are evaluated. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needsCalibration } from '@bitcliff/analysis';
import { InvalidInputError, type LongTaskOptions } from '@bitcliff/core';
import type { Kernels } from '@bitcliff/kernels';
import type { Recipe } from '@bitcliff/quantize';
import {
  type Checkpoint,
  type QuantizedBlocks,
  type QuantizeModelRecord,
  quantizeModel,
} from '@bitcliff/runtime';
import { openQuantizedFolder } from '@bitcliff/runtime/node';
import { CALIBRATION_SOURCES, type CalibrationFlags, readCalibration } from './calibration.ts';
import { engineSettings } from './engine-options.ts';

/** The recipes that were calibrated, by name. */
export interface CalibratedRecipes {
  readonly quantized: ReadonlyMap<string, QuantizedBlocks>;
  /** `null` where no recipe needs calibration. */
  readonly calibration:
    | (NonNullable<QuantizeModelRecord['calibration']> & { readonly source: string; readonly seed: number })
    | null;
  /** Remove the quantized blocks from the disk. */
  close(): Promise<void>;
}

/**
 * Quantize the recipes that need calibration, into a temporary folder.
 * @throws {InvalidInputError} when one does, and the command line names no text
 */
export async function calibrateRecipes(
  checkpoint: Checkpoint,
  recipes: readonly Recipe[],
  flags: CalibrationFlags,
  run: LongTaskOptions & { readonly kernels: Kernels },
): Promise<CalibratedRecipes> {
  const needy = recipes.filter((recipe) => needsCalibration(checkpoint, recipe));
  if (needy.length === 0) return { quantized: new Map(), calibration: null, close: async () => {} };
  if (flags.calibration === undefined) {
    throw new InvalidInputError({
      op: 'eval',
      problem: `recipe "${needy[0]!.name}" needs calibration`,
      expected: `--calibration with ${CALIBRATION_SOURCES}`,
    });
  }
  const sequences = await readCalibration(checkpoint, flags, run);
  const folder = await mkdtemp(join(tmpdir(), 'bitcliff-'));
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const quantized = new Map<string, QuantizedBlocks>();
    let calibration: CalibratedRecipes['calibration'] = null;
    for (const recipe of needy) {
      const blocks = openQuantizedFolder(join(folder, recipe.name), checkpoint, recipe);
      const record = await quantizeModel(checkpoint, recipe, {
        ...run,
        ...engineSettings(flags),
        blocks,
        sequences,
        onProgress: (event) => run.onProgress?.({ ...event, phase: `quantize ${recipe.name}` }),
      });
      quantized.set(recipe.name, blocks);
      const { calibration: source, seed } = flags;
      calibration = record.calibration && { source, seed, ...record.calibration };
    }
    return { quantized, calibration, close };
  } catch (error) {
    await close();
    throw error;
  }
}
