/** @file The linear layers of a block as other programs see them: by stored tensor, where q, k and v may be one. */
import { UnsupportedError } from '@bitcliff/core';
import type { IntegerWeight, LinearPolicy, ModuleRole, Recipe, StoredWeight } from '@bitcliff/quantize';
import { policyFor } from '@bitcliff/quantize';
import type { LinearModule, LinearPlace } from '../architecture.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { storedOutput } from '../fused-weights.ts';

/** One module of the original program. */
export interface StoredModule {
  /** Name of the module: that of its weight without `.weight`. */
  readonly name: string;
  readonly role: ModuleRole;
  readonly layer: number;
  readonly layout: LinearModule['layout'];
  readonly inFeatures: number;
  /** Outputs of all its layers together. */
  readonly outFeatures: number;
  /** Layers in it: one, or q, k and v. */
  readonly linears: readonly LinearModule[];
  /** What the recipe does to it. */
  readonly policy: LinearPolicy | null;
}

/** The modules of a block, in the order of the architecture. */
export function storedModules(checkpoint: Checkpoint, recipe: Recipe, layer: number): StoredModule[] {
  const byTensor = new Map<string, LinearModule[]>();
  for (const linear of checkpoint.layout.block(layer).linears)
    byTensor.set(linear.weight, [...(byTensor.get(linear.weight) ?? []), linear]);
  return [...byTensor].map(([weight, linears]) => {
    const { role, layout, inFeatures } = linears[0]!;
    return {
      name: weight.replace(/\.weight$/, ''),
      role,
      layer,
      layout,
      inFeatures,
      outFeatures: linears.reduce((sum, linear) => sum + linear.outFeatures, 0),
      linears,
      policy: policyFor(recipe, { name: weight, role, layer, layers: checkpoint.spec.layers }),
    };
  });
}

/** The modules of all blocks. */
export function allStoredModules(checkpoint: Checkpoint, recipe: Recipe): StoredModule[] {
  return Array.from({ length: checkpoint.spec.layers }, (_, layer) =>
    storedModules(checkpoint, recipe, layer),
  ).flat();
}

/**
 * The stored weights of a module from those of its layers.
 * @throws {UnsupportedError} when layers of one tensor have groups of their own
 */
export function joinStored(
  { linears, outFeatures, name }: StoredModule,
  parts: ReadonlyMap<LinearPlace, StoredWeight>,
  headDim: number,
): StoredWeight {
  const first = parts.get(linears[0]!.place)!;
  if (linears.length === 1) return first;
  /** One row of `outFeatures` for each row of the parts. */
  const join = <T extends Uint8Array | Float32Array>(rows: number, take: (stored: StoredWeight) => T): T => {
    const empty = take(first).subarray(0, 0);
    const out = new (empty.constructor as new (length: number) => T)(rows * outFeatures);
    for (const linear of linears) {
      const values = take(parts.get(linear.place)!);
      const N = linear.outFeatures;
      for (let n = 0; n < N; n++) {
        const to = storedOutput(linear, n, headDim);
        for (let r = 0; r < rows; r++) out[r * outFeatures + to] = values[r * N + n]!;
      }
    }
    return out;
  };
  if (first.kind === 'float8') {
    const eights = (stored: StoredWeight) => stored as typeof first;
    return {
      ...first,
      codes: join(first.rows, (stored) => eights(stored).codes),
      scale: join(1, (stored) => eights(stored).scale),
      columns: outFeatures,
    };
  }
  const matrixOf = (stored: StoredWeight) => (stored as IntegerWeight).matrix;
  const matrix = first.kind === 'integer' ? first.matrix : null;
  const ordered = [...parts.values()].some(
    (stored) => stored.kind !== 'integer' || stored.matrix.groupIndex !== undefined,
  );
  if (matrix === null || ordered) {
    throw new UnsupportedError({
      op: 'writeArtifact',
      problem: 'q, k and v of one tensor cannot be put together',
      expected: 'integers or FP8, groups of the inputs in order',
      received: matrix === null ? first.kind : 'act-order',
      where: `module "${name}"`,
    });
  }
  const groups = matrix.scale.length / matrix.columns;
  return {
    kind: 'integer',
    matrix: {
      ...matrix,
      codes: join(matrix.rows, (stored) => matrixOf(stored).codes),
      scale: join(groups, (stored) => matrixOf(stored).scale),
      zeroPoint: join(groups, (stored) => matrixOf(stored).zeroPoint),
      columns: outFeatures,
    },
  };
}
