import { InvalidInputError, UnknownNameError } from '@bitcliff/core';
import type { Architecture } from '../architecture.ts';
import { llama } from './llama.ts';

/** The architectures this version runs, by `model_type`. */
export const ARCHITECTURES: ReadonlyMap<string, Architecture> = new Map(
  [llama].map((architecture) => [architecture.modelType, architecture]),
);

/**
 * The architecture that a config.json names.
 * @throws {InvalidInputError} without a `model_type`
 * @throws {UnknownNameError} for one that is not supported; lists those that are
 */
export function resolveArchitecture(config: unknown, path: string): Architecture {
  const modelType = (config as { model_type?: unknown } | null)?.model_type;
  if (typeof modelType !== 'string') {
    throw new InvalidInputError({
      op: 'openCheckpoint',
      problem: 'config has no model_type',
      expected: `one of: ${[...ARCHITECTURES.keys()].join(', ')}`,
      received: JSON.stringify(modelType) ?? 'nothing',
      path,
    });
  }
  const architecture = ARCHITECTURES.get(modelType);
  if (architecture !== undefined) return architecture;
  throw new UnknownNameError({
    op: 'openCheckpoint',
    kind: 'architecture',
    name: modelType,
    known: [...ARCHITECTURES.keys()],
    path,
  });
}
