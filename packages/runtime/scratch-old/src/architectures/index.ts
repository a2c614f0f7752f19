import { InvalidInputError, UnknownNameError } from '@bitcliff/core';
import type { Architecture } from '../architecture.ts';
import { bloom } from './bloom.ts';
import { cohere } from './cohere.ts';
import { gemma } from './gemma.ts';
import { gptNeox } from './gpt-neox.ts';
import { gpt2 } from './gpt2.ts';
import { llama } from './llama.ts';
import { mistral } from './mistral.ts';
import { olmo } from './olmo.ts';
import { olmo2 } from './olmo2.ts';
import { opt } from './opt.ts';
import { phi } from './phi.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3 } from './qwen3.ts';

/** The architectures this version runs, by `model_type`. */
export const ARCHITECTURES: ReadonlyMap<string, Architecture> = new Map(
  [bloom, cohere, gemma, gpt2, gptNeox, llama, mistral, olmo, olmo2, opt, phi, qwen2, qwen3].map(
    (architecture) => [architecture.modelType, architecture],
  ),
);

/**
 * The architecture that a config.json names.
 * @throws {InvalidInputError} without a `model_type`
 * @throws {UnknownNameError} for one that is not supported; lists those that are
 */
export function resolveArchitecture(config: unknown, path: string): Architecture {
  const known = [...ARCHITECTURES.keys()];
  const modelType = (config as { model_type?: unknown } | null)?.model_type;
  if (typeof modelType !== 'string') {
    throw new InvalidInputError({
      op: 'openCheckpoint',
      problem: 'config has no model_type',
      expected: `one of: ${known.join(', ')}`,
      received: JSON.stringify(modelType) ?? 'nothing',
      path,
    });
  }
  const architecture = ARCHITECTURES.get(modelType);
  if (architecture !== undefined) return architecture;
  throw new UnknownNameError({ op: 'openCheckpoint', kind: 'architecture', name: modelType, known, path });
}
