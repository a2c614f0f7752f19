import type { RecordOf, StudyView } from './study-view.ts';

/** Checkpoints of one training run, by step. */
export interface Trajectory {
  /** What tells it from the others; `null` where there is one. */
  readonly name: string | null;
  /** At least two, with different steps, ascending. */
  readonly checkpoints: readonly (RecordOf<'checkpoint'> & { readonly step: number })[];
}

/** Checkpoints that differ in nothing but step, tokens and learning rate, as far as they say. */
export function trajectories(view: StudyView): Trajectory[] {
  const groups = new Map<string, (RecordOf<'checkpoint'> & { readonly step: number })[]>();
  for (const record of view.checkpoints) {
    const { architecture, layers, hiddenSize, parameters, metadata } = record;
    const { step, tokens: _, learningRate: __, ...rest } = metadata;
    if (step === undefined) continue;
    const labels = Object.entries(rest.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    const key = JSON.stringify([architecture, layers, hiddenSize, parameters, rest.weightDecay, labels]);
    const group = groups.get(key) ?? [];
    if (group.every((other) => other.step !== step)) group.push({ ...record, step });
    groups.set(key, group);
  }
  const found = [...groups.values()].filter(({ length }) => length > 1);
  return found.map((group) => {
    const checkpoints = group.sort((a, b) => a.step - b.step);
    return { name: found.length === 1 ? null : `to ${checkpoints.at(-1)!.checkpoint}`, checkpoints };
  });
}
