import { parse as parseCsv } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import {
  buildReport,
  type Report,
  renderCsv,
  renderHtml,
  renderMarkdown,
  renderSvg,
  renderTerminal,
} from '../src/index.ts';
import { createFixtureStudy } from './fixture-study.ts';

const small = { layers: 2, items: 20, steps: [500, 1000, 2000], others: 2 };
const report = buildReport(createFixtureStudy(small));

const table: Report['sections'][number]['tables'][number] = {
  id: 'numbers',
  title: 'Numbers',
  columns: [{ label: 'name' }, { label: 'score (%)', decimals: 2 }, { label: 'loss' }],
  rows: [
    [
      { value: 'a', runs: [] },
      { value: 61.23456, stderr: 1.005, mark: '*', runs: ['x', 'y'] },
      { value: 1.23456e-7, runs: ['x'] },
    ],
    [
      { value: 'a wide name 日本', runs: [] },
      { value: null, runs: [] },
      { value: Number.POSITIVE_INFINITY, runs: ['y'] },
    ],
  ],
  notes: ['A note.'],
};
const tiny: Report = {
  ...{
    name: 'tiny',
    title: null,
    answer: [{ rule: 'r', topic: 'what is lost', text: 'Nothing is lost.', runs: [] }],
    config: {},
    manifests: [],
  },
  sections: [{ id: 's', title: 'Section', text: 'Text.', figures: [], tables: [table] }],
};

describe('renderTerminal', () => {
  it('prints the answer first, and columns that line up', () => {
    expect(renderTerminal(tiny, { width: 80 })).toBe(
      [
        ...[
          'tiny',
          '════',
          '',
          'What is lost:',
          '• Nothing is lost.',
          '',
          'Section',
          '───────',
          'Text.',
          '',
          'Numbers',
        ],
        'name                  score (%)      loss',
        '────────────────  ─────────────  ────────',
        'a                 61.23 ± 1.00*   1.23e-7',
        'a wide name 日本              –  Infinity',
        ...['A note.', ''],
      ].join('\n'),
    );
  });

  it('keeps to the width, and repeats the first columns where it cuts a table', () => {
    const printed = renderTerminal(report, { width: 90 });
    for (const line of printed.split('\n')) expect([...line].length, line).toBeLessThanOrEqual(90);
    const scores = printed.slice(
      printed.indexOf('Scores by task'),
      printed.indexOf('Is the difference real?'),
    );
    expect(scores.match(/^checkpoint +variant/gm)!.length).toBeGreaterThan(1);
  });

  it('prints at most as many rows as asked for, and says how many are left', () => {
    const { rows } = report.sections.find(({ id }) => id === 'comparisons')!.tables[0]!;
    expect(renderTerminal(report, { rows: 5 })).toContain(`… ${rows.length - 5} more rows`);
    expect(renderTerminal(report, { rows: 10_000 })).not.toContain('more rows');
  });
});

describe('renderCsv', () => {
  it('has full precision, standard errors, marks and runs', () => {
    expect(renderCsv(tiny).get('numbers.csv')).toBe(
      'name,score (%),"score (%), standard error","score (%), mark",loss,runs\r\na,61.23456,1.005,*,1.23456e-7,x y\r\na wide name 日本,,,,Infinity,y\r\n',
    );
  });

  it('has every table, every row and every number', () => {
    const files = renderCsv(report);
    for (const { id, rows, columns } of report.sections.flatMap(({ tables }) => tables)) {
      const parsed = parseCsv(files.get(`${id}.csv`)!, { columns: true }) as Record<string, string>[];
      expect(parsed).toHaveLength(rows.length);
      for (const [r, row] of rows.entries()) {
        for (const [c, { value }] of row.entries()) {
          if (typeof value === 'number')
            expect(Number(parsed[r]![columns[c]!.label]), `${id} ${columns[c]!.label}`).toBe(value);
        }
      }
    }
  });
});

describe('renderMarkdown', () => {
  it('has the answer, tables, and figures where their folder is named', () => {
    expect(renderMarkdown(tiny)).toBe(
      '# tiny\n\n**What is lost**\n\n- Nothing is lost.\n\n## Section\n\nText.\n\n### Numbers\n\n| name | score (%) | loss |\n| --- | ---: | ---: |\n| a | 61.23 ± 1.00\\* | 1.23e-7 |\n| a wide name 日本 | – | Infinity |\n\nA note.\n',
    );
    expect(renderMarkdown(report)).not.toContain('.svg');
    expect(renderMarkdown(report, { figures: 'figures/' })).toContain('](figures/comparisons.svg)');
  });
});

describe('renderSvg', () => {
  it('draws every figure, with titles on its marks, and leaves the report as it is', async () => {
    const before = JSON.stringify(report);
    for (const figure of report.sections.flatMap(({ figures }) => figures)) {
      const { svg, spec } = await renderSvg(figure);
      expect(svg).toMatch(/^<svg role="img" [^<>]*><title>[^<>]+<\/title>/);
      expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
      expect(svg, figure.id).toMatch(/<title>[^<]+<\/title><\/path>/);
      expect(svg).not.toMatch(/NaN|undefined|Infinity/);
      const { concat, $schema } = spec as { concat: object[]; $schema: string };
      expect($schema).toContain('vega-lite/v6');
      expect(concat).toHaveLength(figure.panels.length + (figure.legend.length > 0 ? 1 : 0));
      expect(JSON.stringify(spec)).not.toMatch(/"(fill|range)":\[?"currentColor"/);
    }
    expect(JSON.stringify(report)).toBe(before);
  });

  it('does not draw what is not finite', async () => {
    const study = createFixtureStudy(small);
    const broken = buildReport({
      ...study,
      records: (kind) =>
        (kind === 'loss'
          ? study
              .records('loss')
              .map((record) =>
                record.variant === 'w8a8'
                  ? { ...record, nll: Number.POSITIVE_INFINITY, deltaNll: Number.NaN }
                  : record,
              )
          : study.records(kind)) as never,
    });
    const html = await renderHtml(broken);
    expect(html).toContain('>Infinity<');
    for (const [svg] of html.matchAll(/<svg[\s\S]*?<\/svg>/g))
      expect(svg).not.toMatch(/"[^"]*(NaN|Infinity)[^"]*"/);
  });
});

describe('renderHtml', () => {
  it('stops a table at 1,000 rows, and says so', async () => {
    const long = {
      ...table,
      rows: Array.from({ length: 1200 }, (_, i) => [
        { value: `row ${i}`, runs: [] },
        ...table.rows[1]!.slice(1).map((cell) => ({ ...cell, runs: [] })),
      ]),
    };
    const html = await renderHtml({ ...tiny, sections: [{ ...tiny.sections[0]!, tables: [long] }] });
    expect(html).toContain('The first 1000 of 1200 rows; the CSV file has all of them.');
    expect(html).toContain('row 999<');
    expect(html).not.toContain('row 1000<');
  });

  it('names axes that cannot be told apart once', () => {
    const study = createFixtureStudy(small);
    const tied = buildReport({
      ...study,
      records: (kind) =>
        (kind === 'checkpoint'
          ? study.records('checkpoint').map((record) => ({
              ...record,
              metadata: { ...record.metadata, labels: { dtype: String(record.metadata.weightDecay) } },
            }))
          : study.records(kind)) as never,
    });
    const { text } = tied.sections.find(({ id }) => id === 'axes')!;
    expect(text.match(/change together/g)).toHaveLength(1);
    expect(text).toContain('Dtype and weight decay change together in this study');
  });
});
