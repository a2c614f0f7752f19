import type { RecordKind } from '@bitcliff/study';
import { RECORD_KINDS } from '@bitcliff/study';
import { describe, expect, it } from 'vitest';
import { buildReport } from '../src/index.ts';
import { createFixtureStudy, type FixtureOptions } from './fixture-study.ts';

/** Records of any of which a section is made, beside checkpoints and variants. */
const NEEDS: Readonly<Record<string, readonly RecordKind[]>> = {
  scores: ['task'],
  comparisons: ['comparison'],
  divergence: ['comparison'],
  bits: ['loss', 'comparison'],
  remedy: ['loss', 'comparison'],
  size: ['task'],
  axes: ['comparison'],
  training: ['loss', 'task'],
  calibration: ['loss', 'task'],
  sensitivity: ['sensitivity'],
  'activation-error': ['activationError'],
  'activation-training': ['activation'],
  layers: ['activation', 'weight', 'gain'],
  distributions: ['weight', 'gain'],
  outliers: ['outlier', 'outlierThreshold'],
  activations: ['activation'],
  noise: ['noise'],
  blocks: ['blockImportance'],
  fits: ['fit'],
};

const small: FixtureOptions = { layers: 2, items: 20, steps: [500, 1000], others: 2 };
const ids = (options: FixtureOptions): string[] =>
  buildReport(createFixtureStudy({ ...small, ...options })).sections.map(({ id }) => id);

describe('sections', () => {
  it('are all there when all records are', () => {
    expect(ids({})).toEqual([...Object.keys(NEEDS), 'study']);
  });

  it.each(Object.entries(NEEDS))('%s is there with its records, and not without', (id, kinds) => {
    const without = RECORD_KINDS.filter((kind) => !kinds.includes(kind));
    expect(ids({ kinds: without })).not.toContain(id);
    for (const kind of kinds) expect(ids({ kinds: ['checkpoint', 'variant', kind] })).toContain(id);
  });

  it('needs nothing at all for a report', () => {
    const report = buildReport(createFixtureStudy({ ...small, kinds: [] }));
    expect(report.sections).toEqual([]);
    expect(report.answer.map(({ rule }) => rule)).toEqual(['noComparison']);
  });

  it.each([
    ['size', 'checkpoints of one size', { others: 1 }],
    ['training', 'one step alone', { steps: [500], others: 1 }],
    ['activation-training', 'one step alone', { steps: [500], others: 0 }],
    ['axes', 'checkpoints that were trained alike', { others: 0 }],
    ['calibration', 'no recipe that is calibrated', { recipes: ['rtn-w4g128'] }],
    ['remedy', 'no recipe with a kept role', { recipes: ['rtn-w3g128', 'w8a8'] }],
  ])('%s is not made from %s', (id, _, options) => {
    expect(ids(options)).not.toContain(id);
  });

  it('names what failed first', () => {
    const [first] = buildReport(
      createFixtureStudy({ ...small, failures: [{ job: 'piqa of control', error: 'disk full' }] }),
    ).sections;
    expect(first!.id).toBe('failures');
    expect(first!.tables[0]!.rows[0]!.map(({ value }) => value)).toEqual(['piqa of control', 'disk full']);
  });

  it('has rows as long as heads, and ids that are file names and unique', () => {
    const { sections } = buildReport(createFixtureStudy(small));
    const tables = sections.flatMap((section) => section.tables);
    for (const { rows, columns } of tables) for (const row of rows) expect(row).toHaveLength(columns.length);
    for (const kind of [tables, sections.flatMap(({ figures }) => figures), sections]) {
      const names = kind.map(({ id }) => id);
      expect(new Set(names).size).toBe(names.length);
      for (const name of names) expect(name).toMatch(/^[a-z0-9-]+$/);
    }
  });

  it('gives a recipe the same colour everywhere', () => {
    const { sections } = buildReport(createFixtureStudy(small));
    const colors = new Map<string, Set<string>>();
    for (const { label, color } of sections.flatMap(({ figures }) =>
      figures.flatMap(({ legend }) => legend),
    )) {
      const recipe = label.split(' @')[0]!;
      colors.set(recipe, (colors.get(recipe) ?? new Set()).add(color));
    }
    for (const [recipe, own] of colors) expect([...own], recipe).toHaveLength(1);
    expect(colors.get('baseline')).toEqual(new Set(['currentColor']));
    const recipes = ['rtn-w3g128', 'rtn-w3g128+qkv8', 'awq-w4g128', 'w8a8'].map(
      (name) => [...colors.get(name)!][0],
    );
    expect(new Set(recipes).size).toBe(4);
  });

  it('draws 95 % intervals of 1.96 standard errors', () => {
    const study = createFixtureStudy(small);
    const figure = buildReport(study).sections.find(({ id }) => id === 'comparisons')!.figures[0]!;
    const { data } = figure.panels[0]!.spec as {
      data: { values: { category: string; series: string; x: number; low: number; high: number }[] };
    };
    const [comparison] = study.records('comparison');
    for (const task of comparison!.tasks.filter(({ higherIsBetter }) => higherIsBetter)) {
      const point = data.values.find(
        ({ category, series }) => category === task.task && series === comparison!.variant,
      )!;
      expect(point.x).toBeCloseTo(100 * task.difference, 10);
      expect(point.high - point.x).toBeCloseTo(100 * 1.959964 * task.stderr!, 4);
      expect(point.x - point.low).toBeCloseTo(100 * 1.959964 * task.stderr!, 4);
    }
  });
});
