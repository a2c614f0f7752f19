import type { LinearPolicy } from '@bitcliff/quantize';
import type { FloatLinear } from './weights.ts';

/** Linear layers that are quantized together: those of one role with one policy share their input. */
export interface LinearGroup {
  readonly policy: LinearPolicy | null;
  readonly linears: readonly FloatLinear[];
}

/** The groups of a block. @param policyOf what is done to a layer */
export function groupLinears(
  linears: readonly FloatLinear[],
  policyOf: (linear: FloatLinear) => LinearPolicy | null,
): LinearGroup[] {
  const groups = new Map<string, { policy: LinearPolicy | null; linears: FloatLinear[] }>();
  for (const linear of linears) {
    const policy = policyOf(linear);
    const key = `${linear.module.role} ${JSON.stringify(policy)}`;
    const group = groups.get(key) ?? { policy, linears: [] };
    group.linears.push(linear);
    groups.set(key, group);
  }
  return [...groups.values()];
}
