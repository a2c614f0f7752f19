/**
 * @file Where the scales of AWQ and SmoothQuant go when a model is written down: the inputs of a layer are divided by them, and in a file the
 * layer before has to do that (quant-spec.md B.1 step 4, B.3).
 */
import { UnsupportedError } from '@bitcliff/core';
import { type LinearPolicy, MODULE_ROLES, type ModuleRole, type Recipe } from '@bitcliff/quantize';
import type { Checkpoint } from '../checkpoint.ts';
import { allStoredModules } from './stored-modules.ts';

/** A norm whose gain and bias are divided, or a linear layer whose outputs are. */
export type FoldTarget = 'attentionNorm' | 'mlpNorm' | 'v' | 'up';

/** Where the scales of a role go, or why there is no place. */
export function foldTarget(
  { spec, layout }: Pick<Checkpoint, 'spec' | 'layout'>,
  role: ModuleRole,
): { readonly target: FoldTarget } | { readonly problem: string } {
  const { wiring, attention, mlp } = spec;
  switch (role) {
    case 'attn.qkv':
    case 'mlp.up': {
      if (wiring === 'outputNorm' || wiring === 'postNorm')
        return { problem: 'its input goes elsewhere too, not only through a norm' };
      if (wiring === 'parallelSharedNorm')
        return { problem: 'attention and MLP share one norm, and their scales differ' };
      const block = layout.block(0);
      const norm = role === 'attn.qkv' ? block.attentionNorm : block.mlpNorm;
      if (norm?.gain === null || norm === null) return { problem: 'the norm before it has no gain' };
      return { target: role === 'attn.qkv' ? 'attentionNorm' : 'mlpNorm' };
    }
    case 'attn.out':
      if (attention.heads !== attention.kvHeads)
        return { problem: 'several query heads share a value head (grouped heads)' };
      return attention.clip === null ? { target: 'v' } : { problem: 'v is clamped' };
    case 'mlp.down':
      return mlp.kind === 'gated' || mlp.activation === 'relu'
        ? { target: 'up' }
        : { problem: `${mlp.activation} stands before it, which scales do not pass` };
  }
}

/** Whether a policy divides the inputs. */
const scalesInputs = ({ method }: LinearPolicy): boolean =>
  method.name === 'smoothquant' || (method.name === 'awq' && method.scaling !== 'none');

/**
 * Check, before anything is quantized, that the scales of a recipe can be folded.
 * @throws {UnsupportedError} that names the module and says what can be done
 */
export function checkFoldable(checkpoint: Checkpoint, recipe: Recipe): void {
  const modules = allStoredModules(checkpoint, recipe);
  for (const { policy, role, name, layer } of modules) {
    if (policy === null || !scalesInputs(policy)) continue;
    const found = foldTarget(checkpoint, role);
    if ('problem' in found) throw cannotFold(recipe.name, name, found.problem);
    const key = JSON.stringify(policy);
    const other = modules.find(
      (module) => module.layer === layer && module.role === role && JSON.stringify(module.policy) !== key,
    );
    if (other !== undefined)
      throw cannotFold(recipe.name, name, `${other.name} reads the same input with another policy`);
  }
}

export function cannotFold(recipe: string, module: string, problem: string): UnsupportedError {
  return new UnsupportedError({
    op: 'writeArtifact',
    problem: `the input scales of recipe "${recipe}" cannot be folded: ${problem}`,
    expected: 'a layer before it that takes them up',
    where: `module "${module}"`,
    hint: 'foldableRecipe (on the command line --skip-unfoldable) leaves the scales of such layers out, as AutoAWQ and SmoothQuant do; the format onnx divides inputs itself',
  });
}

/**
 * The same recipe, without input scales where a file has no place for them: AWQ searches only the range there, SmoothQuant rounds to nearest.
 * @returns `recipe` itself when nothing changes; otherwise its name says for which roles: `awq-w4g128+unscaled.out`
 */
export function foldableRecipe(checkpoint: Pick<Checkpoint, 'spec' | 'layout'>, recipe: Recipe): Recipe {
  const scaled = (role: ModuleRole): boolean =>
    [recipe.roles[role], ...(recipe.overrides ?? []).map(({ policy }) => policy)].some(
      (policy) => policy !== null && scalesInputs(policy),
    );
  const roles = MODULE_ROLES.filter((role) => scaled(role) && 'problem' in foldTarget(checkpoint, role));
  if (roles.length === 0) return recipe;
  const suffix = roles.map((role) => role.split('.')[1]).join('.');
  return {
    ...recipe,
    name: `${recipe.name}+unscaled.${suffix}`,
    description: `${recipe.description}; ${roles.join(', ')} without input scales`,
    roles: Object.fromEntries(
      MODULE_ROLES.map((role) => {
        const policy = recipe.roles[role];
        return [role, roles.includes(role) ? withoutScales(policy) : policy];
      }),
    ) as Recipe['roles'],
    // an override that reaches such roles is followed by one for them alone
    ...(recipe.overrides && {
      overrides: recipe.overrides
        .flatMap((override) => [
          override,
          {
            ...override,
            roles: (override.roles ?? MODULE_ROLES).filter((role) => roles.includes(role)),
            policy: withoutScales(override.policy),
          },
        ])
        .filter((override) => override.roles?.length !== 0),
    }),
  };
}

function withoutScales(policy: LinearPolicy | null): LinearPolicy | null {
  if (policy === null || !scalesInputs(policy)) return policy;
  const { method } = policy;
  return { ...policy, method: method.name === 'awq' ? { ...method, scaling: 'none' } : { name: 'rtn' } };
}
