import type { RecordOf, StudyView } from './study-view.ts';

/** Something that checkpoints were trained with, and differ in. */
export interface PretrainingAxis {
  /** `weight decay`, or the name of a label. */
  readonly name: string;
  /** In order: numbers ascending, others as in the study. */
  readonly values: readonly (string | number)[];
  valueIn(checkpoint: RecordOf<'checkpoint'>): string | number | null;
  /** Other axes that change whenever this one does, or the reverse: effects that cannot be told apart. */
  readonly confounded: readonly string[];
}

/** Weight decay and labels with at least two values over the checkpoints. */
export function pretrainingAxes({ checkpoints }: StudyView): PretrainingAxis[] {
  const labels = new Set(checkpoints.flatMap(({ metadata }) => Object.keys(metadata.labels ?? {})));
  const readers: (readonly [string, PretrainingAxis['valueIn']])[] = [
    ['weight decay', ({ metadata }) => metadata.weightDecay ?? null],
    ...[...labels].map((label) => [label, ofLabel(label)] as const),
  ];
  const axes = readers.flatMap(([name, valueIn]) => {
    const own = [...new Set(checkpoints.flatMap((checkpoint) => valueIn(checkpoint) ?? []))];
    if (own.length < 2) return [];
    const isNumeric = own.every((value) => typeof value === 'number');
    return [{ name, values: isNumeric ? (own as number[]).sort((a, b) => a - b) : own, valueIn }];
  });
  return axes.map((axis) => ({
    ...axis,
    confounded: axes
      .filter((other) => other !== axis && areTied(checkpoints, axis.valueIn, other.valueIn))
      .map(({ name }) => name),
  }));
}

function ofLabel(label: string): PretrainingAxis['valueIn'] {
  return ({ metadata }) => {
    const value = metadata.labels?.[label];
    return value === undefined ? null : typeof value === 'boolean' ? String(value) : value;
  };
}

/** Whether each value of one goes with a single value of the other. */
function areTied(
  checkpoints: readonly RecordOf<'checkpoint'>[],
  a: PretrainingAxis['valueIn'],
  b: PretrainingAxis['valueIn'],
): boolean {
  const pairs = checkpoints.map((checkpoint) => [a(checkpoint), b(checkpoint)] as const);
  const distinct = (values: readonly unknown[]): number =>
    new Set(values.map((value) => JSON.stringify(value))).size;
  const together = distinct(pairs);
  return together === distinct(pairs.map(([x]) => x)) || together === distinct(pairs.map(([, y]) => y));
}
