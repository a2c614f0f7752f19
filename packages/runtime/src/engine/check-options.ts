/** @file What is wrong with the options of an engine and its calls. */
import { InvalidInputError } from '@bitcliff/core';
import { calibrationNeeds, policyFor, type Recipe } from '@bitcliff/quantize';
import type { Checkpoint } from '../checkpoint.ts';
import type { QuantizedBlocks } from '../quantize-model/quantized-blocks.ts';

/** Name of the unquantized variant. */
export const BASELINE = 'baseline';

/** @throws {InvalidInputError} when two variants have one name */
export function checkVariantNames(names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new InvalidInputError({
    op: 'createEngine',
    problem: `two variants are called "${twice}"`,
    expected: `distinct recipe names, none of them "${BASELINE}"`,
  });
}

/** @throws {InvalidInputError} when a recipe needs calibration and its quantized blocks are not there */
export function checkCalibrated(
  { spec, layout }: Checkpoint,
  recipe: Recipe,
  quantized: ReadonlyMap<string, QuantizedBlocks> = new Map(),
): void {
  if (quantized.has(recipe.name)) return;
  for (let layer = 0; layer < spec.layers; layer++) {
    for (const { weight, role } of layout.block(layer).linears) {
      const policy = policyFor(recipe, { name: weight, role, layer, layers: spec.layers });
      if (calibrationNeeds(policy) === null) continue;
      throw new InvalidInputError({
        op: 'createEngine',
        problem: `recipe "${recipe.name}" needs calibration`,
        expected: 'its quantized blocks in `quantized`',
        received: 'none',
        hint: 'quantizeModel makes them',
      });
    }
  }
}

/** A sequence that cannot be traced. */
export function tooShort(sequence: number, received: number): InvalidInputError {
  return new InvalidInputError({
    op: 'trace',
    problem: 'the sequence is too short',
    expected: 'at least 2 tokens',
    received,
    where: `sequence ${sequence}`,
  });
}

/** A comparison with a baseline that does not run. */
export function noBaseline(op: string, what: string): InvalidInputError {
  return new InvalidInputError({
    op,
    problem: `${what} without a baseline`,
    expected: 'an engine that runs the baseline',
    received: 'baseline: false',
  });
}

/** @throws {InvalidInputError} for a layer that is not there */
export function checkLayers(skipped: readonly number[], layers: number): void {
  const bad = skipped.find((layer) => !Number.isInteger(layer) || layer < 0 || layer >= layers);
  if (bad === undefined) return;
  throw new InvalidInputError({
    op: 'score',
    problem: 'no such layer to skip',
    expected: `an integer in [0, ${layers})`,
    received: bad,
  });
}
