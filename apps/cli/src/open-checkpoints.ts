import { InvalidInputError, type LongTaskOptions } from '@bitcliff/core';
import type { Checkpoint } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import { localPath } from './local-path.ts';

/**
 * Run with several checkpoints of one tokenizer, in the order of their steps when every one tells another step, and else as given.
 * @throws {InvalidInputError} for checkpoints whose tokenizers differ: their losses are per token of another kind
 */
export async function withCheckpoints<T>(
  paths: readonly string[],
  task: LongTaskOptions,
  use: (checkpoints: readonly Checkpoint[]) => Promise<T>,
): Promise<T> {
  const opened: Checkpoint[] = [];
  try {
    for (const path of paths) opened.push(await openCheckpoint(await localPath(path, task)));
    await requireOneTokenizer(opened);
    return await use(inOrder(opened));
  } finally {
    for (const checkpoint of opened) await checkpoint.close();
  }
}

function inOrder(checkpoints: readonly Checkpoint[]): Checkpoint[] {
  const steps = checkpoints.flatMap(({ metadata }) => metadata.step ?? []);
  const isCurve = new Set(steps).size === checkpoints.length;
  const order = [...checkpoints];
  return isCurve ? order.sort((a, b) => a.metadata.step! - b.metadata.step!) : order;
}

async function requireOneTokenizer(checkpoints: readonly Checkpoint[]): Promise<void> {
  const [first, ...others] = await Promise.all(
    checkpoints.map(async (checkpoint) => JSON.stringify((await checkpoint.tokenizer()).files.tokenizer)),
  );
  const other = others.findIndex((json) => json !== first);
  if (other === -1) return;
  throw new InvalidInputError({
    op: 'openCheckpoints',
    problem: 'the tokenizers differ',
    expected: `the tokenizer of ${checkpoints[0]!.path}`,
    path: checkpoints[other + 1]!.path,
    hint: 'Losses per token of different tokenizers cannot be compared',
  });
}
