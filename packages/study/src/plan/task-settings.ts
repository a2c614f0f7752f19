import type { PrepareOptions } from '@bitcliff/evals';
import type { Checkpoint } from '@bitcliff/runtime';
import type { Study, StudyConfig } from '../config/study-config.ts';

/** How prompts become tokens, as a manifest has it. */
export function taskSettings(study: Study, { spec }: Checkpoint): object {
  const { profile, bos, rollingBos, maxLength, bootstrapIterations, divergence } = study;
  const limit = maxLength ?? spec.maxPositions;
  return { profile, bos, rollingBos, maxLength: limit, bootstrapIterations, divergence };
}

/**
 * How prompts become tokens, for `prepareTask`.
 * @param settings.maxLength @default the positions of the model
 */
export function prepareSettings(
  { profile, bos, rollingBos, maxLength }: Pick<StudyConfig, 'profile' | 'bos' | 'rollingBos' | 'maxLength'>,
  { spec }: Checkpoint,
): PrepareOptions {
  return {
    profile,
    addBos: bos === undefined || bos === 'tokenizer' ? undefined : bos === 'always',
    rollingBos,
    maxLength: maxLength ?? spec.maxPositions,
  };
}
