/** @file The file that a killed run goes on from: weights and moments in float32, progress and identity in the header. */
import { join } from 'node:path';
import { FormatError, InvalidInputError, Tensor } from '@bitcliff/core';
import { toFloat32 } from '@bitcliff/formats';
import { openSafetensorsFile, writeSafetensorsFile } from '@bitcliff/formats/node';
import { orWriteFailed } from './or-write-failed.node.ts';
import type { StateArrays, TrainingProgress } from './trainer.ts';

const STATE_FILE = 'state.safetensors';

/** What must be the same for a run to go on: model, training options, corpus. */
export type RunIdentity = Readonly<Record<string, unknown>>;

/** Replace the state of a run folder; the file is whole at any time. @throws {BitcliffError} code `WRITE_FAILED` */
export async function writeState(
  folder: string,
  identity: RunIdentity,
  progress: TrainingProgress,
  state: StateArrays,
): Promise<void> {
  const path = join(folder, STATE_FILE);
  const tensors = new Map(
    [...state].map(([name, { shape, data }]) => [name, new Tensor('F32', shape, data)]),
  );
  const metadata = { progress: JSON.stringify(progress), identity: JSON.stringify(identity) };
  await orWriteFailed(path, () => writeSafetensorsFile(path, tensors, metadata));
}

/**
 * The state of a run folder.
 * @returns undefined when there is none
 * @throws {InvalidInputError} when it belongs to another training  @throws {FormatError} when it is broken
 */
export async function readState(
  folder: string,
  identity: RunIdentity,
): Promise<{ progress: TrainingProgress; state: StateArrays } | undefined> {
  const path = join(folder, STATE_FILE);
  const source = await openSafetensorsFile(path).catch((error) => {
    if (error?.code === 'NOT_FOUND') return undefined;
    throw error;
  });
  if (source === undefined) return undefined;
  try {
    const { progress, identity: stored } = parseMetadata(source.metadata, path);
    const now = JSON.parse(JSON.stringify(identity)) as RunIdentity;
    const names = [...new Set([...Object.keys(stored), ...Object.keys(now)])].sort();
    const different = names.filter((name) => JSON.stringify(stored[name]) !== JSON.stringify(now[name]));
    if (different.length > 0) {
      throw new InvalidInputError({
        op: 'pretrain',
        problem: 'the folder holds the state of another training',
        expected: different.map((name) => `${name} ${JSON.stringify(stored[name])}`).join('; '),
        received: different.map((name) => `${name} ${JSON.stringify(now[name])}`).join('; '),
        path,
        hint: 'Choose another folder, or remove this one',
      });
    }
    const state = new Map<string, { shape: readonly number[]; data: Float32Array }>();
    for (const name of source.names()) {
      const { shape } = source.info(name);
      state.set(name, { shape, data: toFloat32(await source.read(name)) });
    }
    return { progress, state };
  } finally {
    await source.close();
  }
}

function parseMetadata(
  metadata: Readonly<Record<string, string>>,
  path: string,
): { progress: TrainingProgress; identity: RunIdentity } {
  try {
    return { progress: JSON.parse(metadata.progress ?? ''), identity: JSON.parse(metadata.identity ?? '') };
  } catch (cause) {
    throw new FormatError({ op: 'pretrain', problem: 'not a state of pretrain', path, cause });
  }
}
