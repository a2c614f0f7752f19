import { FormatError, InvalidInputError } from '@bitcliff/core';
import { z } from 'zod';

/** What is known of a checkpoint beside its weights: where in its training it was taken, and free labels. */
export interface CheckpointMetadata {
  /** Optimizer steps so far. */
  readonly step?: number | undefined;
  /** Tokens seen so far. */
  readonly tokens?: number | undefined;
  /** Learning rate at this step. */
  readonly learningRate?: number | undefined;
  readonly weightDecay?: number | undefined;
  /** Free labels, such as the name of the run. */
  readonly labels?: Readonly<Record<string, string | number | boolean>> | undefined;
}

const schema = z.strictObject({
  step: z.int().min(0).optional(),
  tokens: z.int().min(0).optional(),
  learningRate: z.number().min(0).optional(),
  weightDecay: z.number().min(0).optional(),
  labels: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});

/**
 * Metadata from JSON.
 * @param json the text, or the value that it parses to
 * @throws {FormatError} when the text is not JSON
 * @throws {InvalidInputError} for a field that is unknown or has a wrong value; the message names each
 */
export function parseCheckpointMetadata(
  json: unknown,
  place: { readonly path: string; readonly where?: string },
): CheckpointMetadata {
  const op = 'openCheckpoint';
  let value = json;
  if (typeof json === 'string') {
    try {
      value = JSON.parse(json);
    } catch (cause) {
      throw new FormatError({ op, problem: 'the metadata is not JSON', ...place, cause });
    }
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new InvalidInputError({
    op,
    problem: `a field of the metadata is wrong\n${z.prettifyError(parsed.error)}\n`,
    expected: `only: ${Object.keys(schema.shape).join(', ')}`,
    ...place,
  });
}
