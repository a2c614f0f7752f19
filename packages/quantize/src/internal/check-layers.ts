/** @file What is checked before layers are quantized. */
import { InvalidInputError, ShapeError } from '@bitcliff/core';
import type { NamedWeight } from '../named-weight.ts';
import { calibrationNeeds, type LinearPolicy } from '../policy.ts';
import type { InputStatistics } from '../statistics/input-statistics.ts';

/** @throws {InvalidInputError} when calibration is missing or not finite @throws {ShapeError} when sizes differ */
export function checkInputs(
  linears: readonly NamedWeight[],
  policy: LinearPolicy,
  inputs: InputStatistics | undefined,
): void {
  const [first] = linears;
  const { rows } = first!.weight;
  for (const { name, weight } of linears) {
    if (weight.rows === rows) continue;
    const [expected, received] = [rows, weight.rows];
    const where = `tensor "${name}"`;
    throw new ShapeError({
      op: 'quantizeLinears',
      problem: 'layers with one input differ in its size',
      expected,
      received,
      where,
    });
  }
  const needs = calibrationNeeds(policy);
  if (needs === null) return;
  const where = `tensor "${first!.name}"`;
  if (inputs === undefined || (needs.gram && inputs.gram.length === 0)) {
    const what = Object.entries(needs).flatMap(([part, needed]) => (needed === true ? [part] : []));
    throw new InvalidInputError({
      op: 'quantizeLinears',
      problem: `${policy.method.name} needs calibration`,
      expected: `inputs with ${what.join(' and ')}`,
      received: inputs === undefined ? 'none' : 'an empty Gram matrix',
      where,
    });
  }
  const received = [inputs.absMax.length, inputs.meanAbs.length, Math.sqrt(inputs.gram.length || rows ** 2)];
  const wrong = received.find((size) => size !== rows);
  if (wrong !== undefined) {
    const problem = 'the statistics are of another input';
    throw new ShapeError({ op: 'quantizeLinears', problem, expected: rows, received: wrong, where });
  }
  checkFiniteInputs(inputs, where);
}

/** @throws {InvalidInputError} when calibration saw a NaN or an infinity, which every sum over tokens keeps */
function checkFiniteInputs({ absMax, meanAbs, gram }: InputStatistics, where: string): void {
  for (let i = 0; i < absMax.length; i++) {
    const seen = [absMax[i]!, meanAbs[i]!, gram.length === 0 ? 0 : gram[i * absMax.length + i]!];
    const bad = seen.find((x) => !Number.isFinite(x));
    if (bad === undefined) continue;
    throw new InvalidInputError({
      op: 'quantizeLinears',
      problem: 'calibration inputs are not finite',
      expected: 'finite numbers',
      received: bad,
      where: `${where}, input ${i}`,
    });
  }
}

/** @throws {InvalidInputError} on a NaN or an infinity, with its place */
export function checkFinite({ name, weight }: NamedWeight): void {
  const bad = weight.data.findIndex((x) => !Number.isFinite(x));
  if (bad === -1) return;
  throw new InvalidInputError({
    op: 'quantizeLinear',
    problem: 'a weight is not finite',
    expected: 'finite numbers',
    received: weight.data[bad]!,
    where: `tensor "${name}", input ${Math.floor(bad / weight.columns)}, output ${bad % weight.columns}`,
  });
}
