import { NotFoundError } from '@bitcliff/core';
import type { NormTensors } from './architecture.ts';
import type { Checkpoint } from './checkpoint.ts';

type Names = Pick<Checkpoint, 'spec' | 'layout' | 'tensors'>;

/** The tensor of the vocabulary projection: the embedding where the two are tied. */
export function headTensor({ spec, layout, tensors }: Names): string {
  const tied = spec.head.tied ?? !tensors.has(layout.head.weight);
  return tied ? layout.embedding : layout.head.weight;
}

/** Every tensor that a checkpoint needs. */
function requiredTensors(checkpoint: Names): string[] {
  const { layout, spec } = checkpoint;
  const norm = (names: NormTensors | null): (string | null)[] => [names?.gain ?? null, names?.bias ?? null];
  const names: (string | null)[] = [
    layout.embedding,
    layout.positions,
    layout.projectIn,
    layout.projectOut,
    ...norm(layout.embeddingNorm),
    ...norm(layout.finalNorm),
    headTensor(checkpoint),
    layout.head.bias,
  ];
  for (let layer = 0; layer < spec.layers; layer++) {
    const block = layout.block(layer);
    names.push(...norm(block.attentionNorm), ...norm(block.mlpNorm), block.qNorm, block.kNorm);
    for (const { weight, bias } of block.linears) names.push(weight, bias);
  }
  return [...new Set(names.filter((name) => name !== null))];
}

/**
 * Check that every tensor is there, before any work starts.
 * @throws {NotFoundError} that names the first missing tensor
 */
export function checkTensorNames(checkpoint: Names & { readonly path: string }): void {
  const names = requiredTensors(checkpoint);
  const missing = names.filter((name) => !checkpoint.tensors.has(name));
  if (missing.length === 0) return;
  throw new NotFoundError({
    op: 'openCheckpoint',
    problem: `missing tensor "${missing[0]}"${missing.length > 1 ? ` and ${missing.length - 1} more` : ''}`,
    expected: `${names.length} tensors for ${checkpoint.spec.layers} layers`,
    received: `${checkpoint.tensors.names().length} tensors`,
    path: checkpoint.path,
  });
}
