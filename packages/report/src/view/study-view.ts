/** @file The records of a study as sections read them: printable, read once, with the order and the looks of checkpoints and variants. */
import type { Manifest, RecordKind, RecordTypes, Stored, StudyRecords } from '@bitcliff/study';
import type { LegendEntry } from '../report.ts';
import { BASELINE_STYLE, recipeStyle, sequenceStyle } from './palette.ts';
import { printable, printableDeep } from './printable.ts';

/** Name of the unquantized variant in records. */
export const BASELINE = 'baseline';

/** A record as stored. */
export type RecordOf<Kind extends RecordKind> = Stored<RecordTypes[Kind]>;

/** What sections read. */
export interface StudyView {
  readonly name: string;
  readonly title: string | null;
  readonly config: Readonly<Record<string, unknown>>;
  readonly progress: StudyRecords['progress'];
  readonly failures: StudyRecords['failures'];
  readonly checkpoints: readonly RecordOf<'checkpoint'>[];
  /** Of all checkpoints, the baseline first where it is there; one for each name. */
  readonly variants: readonly RecordOf<'variant'>[];
  records<Kind extends RecordKind>(kind: Kind): readonly RecordOf<Kind>[];
  manifest(run: string): Manifest;
  checkpoint(name: string): RecordOf<'checkpoint'> | undefined;
  variant(name: string): RecordOf<'variant'> | undefined;
  /** Legend entries of the variants named, in the order of the study. */
  variantLegend(names: Iterable<string>): LegendEntry[];
  /** Legend entries of the recipes named. */
  recipeLegend(names: Iterable<string>): LegendEntry[];
  checkpointLegend(names: Iterable<string>): LegendEntry[];
}

/** The name of a variant's recipe without that of its calibration set, which the names of both may end in; `null` for the baseline. */
export function recipeName({
  recipe,
  calibration,
}: Pick<RecordOf<'variant'>, 'recipe' | 'calibration'>): string | null {
  const suffix = ` @${calibration}`;
  if (recipe === null) return null;
  return calibration !== null && recipe.name.endsWith(suffix)
    ? recipe.name.slice(0, -suffix.length)
    : recipe.name;
}

/** A view on the records of a study. */
export function createStudyView(study: StudyRecords): StudyView {
  const cache = new Map<RecordKind, readonly unknown[]>();
  const records = <Kind extends RecordKind>(kind: Kind): readonly RecordOf<Kind>[] => {
    if (!cache.has(kind)) cache.set(kind, printableDeep(study.records(kind)));
    return cache.get(kind) as readonly RecordOf<Kind>[];
  };
  const checkpoints = records('checkpoint');
  const variants = [...new Map(records('variant').map((record) => [record.variant, record])).values()];
  const recipes = [...new Set(variants.flatMap((record) => recipeName(record) ?? []))];
  const calibrations = [...new Set(variants.flatMap(({ calibration }) => calibration ?? []))];
  const variantOf = new Map(variants.map((record) => [record.variant, record]));

  const recipeEntry = (label: string, recipe: string, calibration: string | null): LegendEntry => ({
    label,
    ...recipeStyle(
      Math.max(0, recipes.indexOf(recipe)),
      calibration === null ? 0 : calibrations.indexOf(calibration),
    ),
  });
  return {
    name: printable(study.name),
    title: study.title === null ? null : printable(study.title),
    config: printableDeep(study.config),
    progress: study.progress,
    failures: printableDeep(study.failures),
    checkpoints,
    variants,
    records,
    manifest: (run) => printableDeep(study.manifest(run)),
    checkpoint: (name) => checkpoints.find(({ checkpoint }) => checkpoint === name),
    variant: (name) => variantOf.get(name),
    variantLegend: (names) =>
      inOrder(
        names,
        variants.map(({ variant }) => variant),
      ).map((name) => {
        const record = variantOf.get(name);
        return name === BASELINE
          ? { label: name, ...BASELINE_STYLE }
          : recipeEntry(name, (record && recipeName(record)) ?? name, record?.calibration ?? null);
      }),
    recipeLegend: (names) => inOrder(names, recipes).map((name) => recipeEntry(name, name, null)),
    checkpointLegend: (names) => {
      const order = checkpoints.map(({ checkpoint }) => checkpoint);
      return inOrder(names, order).map((label) => ({
        label,
        ...sequenceStyle(Math.max(0, order.indexOf(label)), order.length),
      }));
    },
  };
}

/** Names without repetition, by their place in a list; those that are not in it stand last. */
function inOrder(names: Iterable<string>, order: readonly string[]): string[] {
  const place = new Map(order.map((name, i) => [name, i]));
  return [...new Set(names)].sort((a, b) => (place.get(a) ?? order.length) - (place.get(b) ?? order.length));
}
