import type { PrepareOptions } from '@bitcliff/evals';
import type { Checkpoint } from '@bitcliff/runtime';
import type { Study } from '../config/study-config.ts';

/** How prompts become tokens, as a manifest has it. */
export function taskSettings(study: Study, { spec }: Checkpoint): object {
  const { profile, bos, rollingBos, maxLength, bootstrapIterations, divergence } = study;
  const limit = maxLength ?? spec.maxPositions;
  return { profile, bos, rollingBos, maxLength: limit, bootstrapIterations, divergence };
}

/** How prompts become tokens. */
export function prepareSettings(
  { profile, bos, rollingBos, maxLength }: Study,
  { spec }: Checkpoint,
): PrepareOptions {
  return {
    profile,
    addBos: bos === 'tokenizer' ? undefined : bos === 'always',
    rollingBos,
    maxLength: maxLength ?? spec.maxPositions,
  };
}
