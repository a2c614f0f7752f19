import type { RecordKind, RecordTypes, Stored } from '@bitcliff/study';
import { RECORD_KINDS } from '@bitcliff/study';
import { describe, expect, it } from 'vitest';
import { buildReport, renderHtml } from '../src/index.ts';
import { createFixtureStudy } from './fixture-study.ts';
import { readRuns, readTables } from './parse-page.ts';

const study = createFixtureStudy();
const report = buildReport(study);
const html = await renderHtml(report);
const tables = readTables(html);
const runs = readRuns(html);

/** All numbers of the records of a run, and how many there are of things; 100 times them, for percents. */
const numbersOfRun = new Map<string, Set<number>>();
for (const kind of RECORD_KINDS) {
  for (const record of study.records(kind)) {
    if (record.run === null) continue;
    const numbers = numbersOfRun.get(record.run) ?? new Set();
    numbersOfRun.set(record.run, numbers);
    collect(record, numbers);
  }
}

function collect(value: unknown, numbers: Set<number>): void {
  if (typeof value === 'number') numbers.add(value);
  else if (Array.isArray(value)) {
    numbers.add(value.length);
    for (const item of value.slice(0, 500)) collect(item, numbers);
  } else if (typeof value === 'object' && value !== null)
    for (const item of Object.values(value)) collect(item, numbers);
}

/** Whether a printed number is one of some, or 100 times one, rounded as printed. */
function isPrinted(text: string, numbers: Iterable<number>): boolean {
  const printed = Number.parseFloat(text);
  const [digits, exponent] = text.split('e');
  const decimals = (/\.(\d+)/.exec(digits!)?.[1]?.length ?? 0) - Number(exponent ?? 0);
  const half = 0.5000001 * 10 ** -decimals;
  const close = (value: number): boolean => Math.abs(value - printed) <= half + 1e-9 * Math.abs(value);
  for (const value of numbers) if (close(value) || close(100 * value) || close(Math.exp(value))) return true;
  return false;
}

describe('numbers of the page', () => {
  it('has a table for each one of the report, with all rows', () => {
    const all = report.sections.flatMap((section) => section.tables);
    expect([...tables.keys()]).toEqual(all.map(({ id }) => `table-${id}`));
    for (const { id, rows, columns } of all) {
      expect(tables.get(`table-${id}`)!.rows).toHaveLength(rows.length);
      expect(tables.get(`table-${id}`)!.head).toEqual(columns.map(({ label }) => label));
    }
  });

  it('are numbers of the record that they link to', () => {
    // computed from several numbers of records, compared in tests of their own
    const derived = new Set(['table-calibration-spread', 'table-activation-training', 'table-size']);
    let compared = 0;
    for (const [id, { rows, head }] of tables) {
      for (const row of rows) {
        for (const [c, { text, href }] of row.entries()) {
          if (href === null || href === '#config' || href.startsWith('#s') || derived.has(id)) continue;
          const [run] = runs.get(href)!;
          const printed = text.split(' ± ').map((part) => part.replace('*', ''));
          if (Number.isNaN(Number.parseFloat(printed[0]!))) continue;
          for (const part of printed) {
            expect(isPrinted(part, numbersOfRun.get(run!)!), `${id}, ${head[c]}: ${part}`).toBe(true);
            compared++;
          }
        }
      }
    }
    expect(compared).toBeGreaterThan(5000);
  });

  /** Tables with a row for each record, and what their columns show. */
  const ROWS: {
    [Kind in RecordKind]?: [string, Record<string, (record: Stored<RecordTypes[Kind]>) => number | null>];
  } = {
    sensitivity: [
      'sensitivity',
      {
        'added loss (nats)': ({ deltaNll }) => deltaNll,
        'KL (nats)': ({ kl }) => kl,
        'same top token (%)': ({ sameTop }) => 100 * sameTop,
        layer: ({ layer }) => layer,
      },
    ],
    blockImportance: [
      'blocks',
      { 'loss (nats)': ({ nll }) => nll, 'added loss (nats)': ({ deltaNll }) => deltaNll },
    ],
    noise: [
      'noise',
      {
        'loss (nats)': ({ nll }) => nll,
        'added loss (nats)': ({ deltaNll }) => deltaNll,
        seed: ({ seed }) => seed,
      },
    ],
    activation: [
      'activations',
      {
        'mean |a|': ({ meanAbs }) => meanAbs,
        'max |a|': ({ absMax }) => absMax,
        'mean per-token STD': ({ meanTokenStd }) => meanTokenStd,
        'RMSE(X, X̂) of INT8': ({ int8Rmse }) => int8Rmse,
      },
    ],
    outlier: [
      'outliers',
      {
        number: ({ dimensions }) => dimensions.length,
        '% of sequence': ({ tokenFraction }) => (tokenFraction === null ? null : 100 * tokenFraction),
        '% of layers': ({ layerFraction }) => (layerFraction === null ? null : 100 * layerFraction),
      },
    ],
    outlierThreshold: ['outlier-thresholds', { threshold: ({ threshold }) => threshold }],
    fit: [
      'fits',
      {
        'k or C': ({ factor }) => factor,
        'exponent of D': ({ tokens }) => tokens,
        'exponent of P': ({ bits }) => bits,
        'R²': ({ r2 }) => r2,
        'rank correlation of residual and learning rate': ({ residualLearningRate }) => residualLearningRate,
      },
    ],
  };

  it.each(Object.entries(ROWS))('are those of the %s record of their row', (kind, [id, columns]) => {
    const { head, rows } = tables.get(`table-${id}`)!;
    const records = study.records(kind as RecordKind);
    expect(rows).toHaveLength(records.length);
    for (const [r, row] of rows.entries()) {
      for (const [label, value] of Object.entries(columns)) {
        const expected = (value as (record: unknown) => number | null)(records[r]);
        const { text, href } = row[head.indexOf(label)]!;
        if (expected === null) expect(text).toBe('–');
        else {
          expect(isPrinted(text, [expected]), `${label} of row ${r}: ${text}, ${expected}`).toBe(true);
          expect(runs.get(href!)).toEqual([records[r]!.run]);
        }
      }
    }
  });

  it('are those of the task of each paired test', () => {
    const { head, rows } = tables.get('table-comparisons')!;
    const tests = study
      .records('comparison')
      .flatMap(({ tasks, run }) => tasks.map((task) => ({ ...task, run })));
    expect(rows).toHaveLength(tests.length);
    for (const [r, test] of tests.entries()) {
      const scale = test.higherIsBetter ? 100 : 1;
      const shown = (label: string): string => rows[r]![head.indexOf(label)]!.text;
      expect(shown('task')).toBe(test.task);
      expect(shown('difference')).toMatch(
        new RegExp(`^${(scale * test.difference).toFixed(2).replace(/^-0\\.00$/, '0.00')}`),
      );
      expect(shown('after')).toBe((scale * test.after).toFixed(2));
      expect(shown('p (Holm)')).toBe(`${test.pHolm.toFixed(4)}${test.isSignificant ? '*' : ''}`);
      expect(shown('smallest detectable difference')).toBe(
        test.detectable === null ? '–' : (scale * test.detectable).toFixed(2),
      );
      expect(runs.get(rows[r]![head.indexOf('difference')]!.href!)).toEqual([test.run]);
    }
  });

  it('link to something on the page, every one', () => {
    const ids = new Set([...html.matchAll(/ id="([^"]*)"/g)].map(([, id]) => `#${id}`));
    const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href!);
    expect(links.filter((href) => !ids.has(href))).toEqual([]);
    for (const { rows } of tables.values()) {
      for (const row of rows) {
        for (const { text, href } of row)
          if (href === null) expect(Number.isNaN(Number(text)), text).toBe(true);
      }
    }
  });

  it('are the means and differences that they say', () => {
    const scores = tables.get('table-scores')!;
    const column = (label: string): number => scores.head.indexOf(label);
    const row = scores.rows.find(
      ([checkpoint, variant]) => checkpoint!.text === 'control-500' && variant!.text === 'w8a8',
    )!;
    const own = study
      .records('task')
      .filter((record) => record.checkpoint === 'control-500' && record.variant === 'w8a8');
    const shares = own.filter(({ headline }) => headline === 'acc').map(({ metrics }) => metrics.acc!.value);
    const mean = shares.reduce((a, b) => a + b, 0) / shares.length;
    expect(row[column('average (%)')]!.text.split(' ')[0]).toBe((100 * mean).toFixed(2));
    expect(runs.get(row[column('average (%)')]!.href!)).toEqual(
      own.filter(({ headline }) => headline === 'acc').map(({ run }) => run),
    );
    const { average } = study
      .records('comparison')
      .find((record) => record.checkpoint === 'control-500' && record.variant === 'w8a8')!;
    expect(row[column('average % difference')]!.text).toBe(average!.percentDifference!.toFixed(2));
  });

  it('sums activations over layers, and means them', () => {
    const row = tables
      .get('table-activation-training')!
      .rows.find(([checkpoint, , role]) => checkpoint!.text === 'control-500' && role!.text === 'mlp.up')!;
    const own = study
      .records('activation')
      .filter(({ checkpoint, role }) => checkpoint === 'control-500' && role === 'mlp.up');
    const mean = own.reduce((sum, { meanAbs }) => sum + meanAbs, 0) / own.length;
    expect(Number(row[3]!.text)).toBeCloseTo(mean, 3);
    expect(Number(row[4]!.text)).toBe(own.reduce((sum, { above }) => sum + above[0]!.count, 0));
  });

  it('spreads calibration sets from the losses', () => {
    const row = tables.get('table-calibration-spread')!.rows[0]!;
    const own = study
      .records('loss')
      .filter(({ checkpoint, variant }) => checkpoint === row[0]!.text && variant.startsWith('awq'));
    const perplexities = own.map(({ nll }) => Math.exp(nll));
    expect(Number(row[4]!.text)).toBeCloseTo(Math.min(...perplexities), 2);
    expect(Number(row[5]!.text)).toBeCloseTo(Math.max(...perplexities), 2);
    expect(Number(row[6]!.text)).toBeCloseTo(Math.abs(perplexities[0]! - perplexities[1]!) / Math.SQRT2, 3);
  });
});
