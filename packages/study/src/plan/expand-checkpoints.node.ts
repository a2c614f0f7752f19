/** @file The checkpoints of a config, each by its name and place. */
import { glob } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { InvalidInputError, NotFoundError } from '@bitcliff/core';
import { isHubUri } from '@bitcliff/formats/hub';
import type { CheckpointMetadata } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import type { StudyCheckpoint } from '../config/study-config.ts';

/** One checkpoint before it is opened. */
export interface NamedCheckpoint {
  /** Unique in the study. */
  readonly name: string;
  /** As the config has it: relative to its folder, absolute, or `hf:…`. */
  readonly path: string;
  /** Goes over what the checkpoint says of itself. */
  readonly metadata: CheckpointMetadata;
}

/** A path of a config. @param folder of the config */
export function inFolder(folder: string, path: string): string {
  return isHubUri(path) ? path : resolve(folder, path);
}

/**
 * One entry for each checkpoint, in the order of the config; those of a pretraining by variant and step.
 * @throws {NotFoundError} for a pretraining without checkpoints  @throws {InvalidInputError} for two with one name
 */
export async function expandCheckpoints(
  entries: readonly StudyCheckpoint[],
  folder: string,
): Promise<NamedCheckpoint[]> {
  const named: NamedCheckpoint[] = [];
  for (const entry of entries) {
    if (typeof entry === 'string') named.push({ name: nameOf(entry), path: entry, metadata: {} });
    else if ('pretraining' in entry) named.push(...(await trained(entry, folder)));
    else if ('revisions' in entry) {
      for (const [revision, label] of Object.entries(entry.revisions)) {
        named.push({
          name: `${entry.name ?? nameOf(entry.path)}@${revision}`,
          path: `${entry.path}@${revision}`,
          metadata: typeof label === 'number' ? { step: label } : label,
        });
      }
    } else {
      const { path, name = nameOf(path), metadata = {} } = entry;
      named.push({ name, path, metadata });
    }
  }
  const twice = named.find(({ name }, i) => named.findIndex((other) => other.name === name) !== i);
  if (twice === undefined) return named;
  throw new InvalidInputError({
    op: 'planStudy',
    problem: 'two checkpoints have one name',
    received: twice.name,
    where: 'checkpoints',
    path: twice.path,
    hint: 'Give one of them a name',
  });
}

function nameOf(path: string): string {
  return isHubUri(path) ? path.slice('hf:'.length) : basename(path).replace(/\.gguf$/i, '');
}

async function trained(
  { pretraining, steps }: { readonly pretraining: string; readonly steps?: readonly number[] | undefined },
  folder: string,
): Promise<NamedCheckpoint[]> {
  const found: (NamedCheckpoint & { readonly step: number })[] = [];
  for await (const file of glob('**/bitcliff.json', { cwd: inFolder(folder, pretraining) })) {
    const name = dirname(file).replaceAll('\\', '/');
    const path = `${pretraining}/${name}`;
    const checkpoint = await openCheckpoint(inFolder(folder, path));
    await checkpoint.close();
    const { step = 0 } = checkpoint.metadata;
    if (steps === undefined || steps.includes(step)) found.push({ name, path, metadata: {}, step });
  }
  if (found.length === 0) {
    throw new NotFoundError({
      op: 'planStudy',
      problem: 'no checkpoints of a pretraining',
      expected: `folders with bitcliff.json${steps === undefined ? '' : ` of the steps ${steps.join(', ')}`}`,
      where: 'checkpoints',
      path: inFolder(folder, pretraining),
    });
  }
  const run = (name: string): string => name.split('/').slice(0, -1).join('/');
  return found
    .sort((a, b) => compare(run(a.name), run(b.name)) || a.step - b.step || compare(a.name, b.name))
    .map(({ step: _, ...checkpoint }) => checkpoint);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
