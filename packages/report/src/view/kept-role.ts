/** @file Which recipes are another recipe with one role kept at more bits, read from the recipes themselves. */
import type { VariantRecord } from '@bitcliff/study';
import { ROLES } from './roles.ts';
import type { RecordOf, StudyView } from './study-view.ts';

type Recipe = NonNullable<VariantRecord['recipe']>;
type Policy = Recipe['roles'][(typeof ROLES)[number]];

/** A recipe, and the same with one role at more bits. */
export interface KeptRole {
  readonly base: RecordOf<'variant'>;
  readonly kept: RecordOf<'variant'>;
  readonly role: (typeof ROLES)[number];
  readonly bits: number;
  /** Layers where it is kept; `null` for all. */
  readonly layers: readonly number[] | null;
}

/** All pairs among the variants of a study, on the same calibration set. */
export function keptRoles({ variants }: StudyView): KeptRole[] {
  return variants.flatMap((base) =>
    variants.flatMap((kept) => {
      if (base.recipe === null || kept.recipe === null || base === kept) return [];
      if (base.recipe.overrides !== undefined || base.calibration !== kept.calibration) return [];
      const difference = keptRole(base.recipe, kept.recipe);
      return difference === null ? [] : [{ base, kept, ...difference }];
    }),
  );
}

function keptRole(base: Recipe, kept: Recipe): Pick<KeptRole, 'role' | 'bits' | 'layers'> | null {
  const changed = ROLES.filter(
    (role) => JSON.stringify(base.roles[role]) !== JSON.stringify(kept.roles[role]),
  );
  const [override, ...others] = kept.overrides ?? [];
  if (override === undefined && changed.length === 1)
    return more(base, changed[0]!, kept.roles[changed[0]!], null);
  if (changed.length > 0 || others.length > 0) return null;
  const [role, ...roles] = override?.roles ?? [];
  if (role === undefined || roles.length > 0 || override?.match !== undefined) return null;
  return more(base, role, override!.policy, override!.layers ?? null);
}

/** @param policy of the role that may be kept, by the same method or plain rounding */
function more(
  base: Recipe,
  role: KeptRole['role'],
  policy: Policy,
  layers: KeptRole['layers'],
): ReturnType<typeof keptRole> {
  const before = base.roles[role];
  if (before === null || policy === null || policy.weights.bits <= before.weights.bits) return null;
  return policy.method.name === before.method.name || policy.method.name === 'rtn'
    ? { role, bits: policy.weights.bits, layers }
    : null;
}
