/** @file Calibration sets on a checkpoint, and what they make of its variants' identities. */
import { tokenHash } from '@bitcliff/quantize';
import type { Checkpoint } from '@bitcliff/runtime';
import { canonicalJson } from '../content-key.node.ts';
import { isCalibrationFile, readCalibration } from '../inputs/calibration.node.ts';
import { inFolder } from './expand-checkpoints.node.ts';
import type { PlannedCheckpoint } from './planned.node.ts';
import type { StudyContext } from './study-context.ts';
import { recipeIdentity } from './variants.ts';

/** What makes the results of each variant, by name. */
export async function variantIdentities(
  context: StudyContext,
  { variants, fingerprint: sha256 }: PlannedCheckpoint,
  checkpoint: Checkpoint,
): Promise<Map<string, object>> {
  const hashes = new Map<string, string>();
  for (const set of new Set(variants.flatMap(({ calibration }) => calibration ?? [])))
    hashes.set(set, await calibrationHash(context, checkpoint, sha256, set));
  return new Map(
    variants.map(({ variant, recipe, calibration }) => [
      variant,
      {
        recipe: recipe && recipeIdentity(recipe),
        calibration: calibration === null ? null : hashes.get(calibration)!,
      },
    ]),
  );
}

/** The hash of a set's tokens; text that the model writes itself is written once. */
async function calibrationHash(
  context: StudyContext,
  checkpoint: Checkpoint,
  sha256: string,
  name: string,
): Promise<string> {
  const { study, store, engineIdentity } = context;
  const { name: _, ...set } = study.calibration.find((own) => own.name === name)!;
  if (set.source !== 'self-generated')
    return tokenHash(await calibrationSequences(context, checkpoint, name));
  const place = `text that ${sha256} writes`;
  const stamp = canonicalJson({ set, engineIdentity });
  const known = store.knownHash(place, stamp);
  if (known !== undefined) return known;
  const hash = await tokenHash(await calibrationSequences(context, checkpoint, name));
  store.rememberHash(place, stamp, hash);
  return hash;
}

/** The tokens of a calibration set. */
export function calibrationSequences(
  { study, folder, input, engine }: StudyContext,
  checkpoint: Checkpoint,
  set: string,
): Promise<ArrayLike<number>[]> {
  const { source, samples, length, seed } = study.calibration.find(({ name }) => name === set)!;
  const request = {
    source: isCalibrationFile(source) ? inFolder(folder, source) : source,
    data: study.data === null ? undefined : inFolder(folder, study.data),
    samples,
    length: length ?? undefined,
    seed,
  };
  return readCalibration(checkpoint, request, { ...input, engine });
}
