import type { Checkpoint } from '../checkpoint.ts';
import { longSequence } from '../rotary.ts';
import { groupSizeOf, hasGroupIndex, type QuantizedModule, refuseBadGroups } from './weight-layout.ts';

/** Why the ONNX decoder cannot hold a module. @returns `null` when it can */
export function refuseOnnx({ spec }: Checkpoint, module: QuantizedModule): string | null {
  const { policy, inFeatures } = module;
  const { weights, activations, method } = policy;
  const { positions } = spec;
  const isDynamic = positions.kind === 'rotary' && positions.scaling.kind === 'dynamic';
  if (isDynamic || (longSequence(positions) ?? spec.maxPositions) < spec.maxPositions)
    return 'rotary frequencies that change with the length';
  if (weights.kind !== 'integer') return `${weights.kind} weights`;
  if (activations !== null) {
    if (activations.granularity !== 'perToken') return 'one scale for the inputs of all tokens';
    return method.name === 'llm-int8' && method.scope === 'batch' ? 'outlier columns of a whole batch' : null;
  }
  if (weights.bits !== 4 && weights.bits !== 8) return `${weights.bits} bits, where it has 4 and 8`;
  if (hasGroupIndex(policy)) return 'act-order without static groups';
  const groupSize = groupSizeOf(module);
  const isBlock = groupSize === inFeatures || (groupSize >= 16 && Number.isInteger(Math.log2(groupSize)));
  return isBlock
    ? refuseBadGroups(policy)
    : `groups of ${groupSize}, where they are powers of two from 16 on`;
}
