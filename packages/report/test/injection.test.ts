import type { StudyRecords } from '@bitcliff/study';
import { parse as parseCsv } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildReport,
  printable,
  renderCsv,
  renderHtml,
  renderMarkdown,
  renderSvg,
  renderTerminal,
} from '../src/index.ts';
import { createFixtureStudy } from './fixture-study.ts';
import { readTables, textOf } from './parse-page.ts';

const NASTY = [
  `</script><script>alert(1)</script>`,
  `"><img src=x onerror=alert(1)>`,
  `' onmouseover='alert(1)`,
  '<!-- ]]> --> &amp; &lt;',
  'line\nbreak\r\ttab\u0000\u001b[31m\u009b1m',
  'signal("x") + datum.y \\" ); alert(1) //',
  '{{x}} <%= y %> %s url(#clip0) id="clip0" fill="url(#gradient_0)"',
  '=HYPERLINK("http://evil")',
  '+1|*bold*|_x_ [a](javascript:alert(1)) <b> `code` ~~s~~ ![i](x) @someone http://a.b www.a.b',
  '-2+3',
  '@SUM(A1)',
  '\u202Eright to left\u202C \u2066x\u2069 \u200f \u061c שלום مرحبا',
  '😀👩‍👩‍👧‍👦 ünïcödé 日本語',
  '\ud800 lone \udc00',
  '\ufffe\uffff\ufeff',
  'x'.repeat(300),
  '../../etc/passwd',
  '__proto__',
  'baseline ',
  '',
];
/** Controls, ends of lines, marks of direction. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
const text = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
);
const small = {
  layers: 1,
  items: 12,
  steps: [500, 1000],
  others: 1,
  tasks: ['a', 'b', 'c'],
  recipes: ['rtn-w3g128', 'awq-w4g128'],
};

/** A study whose names begin with hostile ones in turn, each name with the same one everywhere; they stay apart. */
function study(...nasty: readonly string[]): StudyRecords {
  const given = new Map<string, string>();
  return createFixtureStudy({
    ...small,
    rename: (name) => {
      if (!given.has(name)) given.set(name, `${nasty[given.size % nasty.length]}${name}`);
      return given.get(name)!;
    },
    failures: nasty.map((job) => ({ job, error: job })),
  });
}

/** Several hostile names to a study, so that few studies have all of them. */
const GROUPS = [0, 1, 2, 3].map((part) => NASTY.filter((_, i) => i % 4 === part));

/** The elements that a report has; anything else would come from a name. */
const ELEMENTS = new Set(
  'html meta title style script h1 h2 h3 h4 p a b div nav ul li figure figcaption span details summary table thead tbody tr th td button bdi code pre dl dt dd br svg g path rect line text defs linearGradient stop clipPath'.split(
    ' ',
  ),
);

/** Its attributes: none that runs a script or loads anything; `href` is looked at elsewhere. */
const ATTRIBUTES = new Set(
  'lang charset http-equiv content name id class href role tabindex type aria-label aria-sort aria-hidden data-tip width height viewBox version transform d x y x1 x2 y1 y2 fill stroke stroke-width stroke-opacity stroke-miterlimit stroke-dasharray fill-opacity opacity text-anchor font-family font-size font-weight display offset stop-color clip-path'.split(
    ' ',
  ),
);

async function checkHtml(...nasty: readonly string[]): Promise<void> {
  const report = buildReport(study(...nasty));
  const html = await renderHtml(report);
  const markup = html.replace(/<script>[\s\S]*?<\/script>/, '').replace(/<style>[\s\S]*?<\/style>/, '');
  expect(html.match(/<script/g)).toHaveLength(1);
  for (const [tag, name, rest] of markup.matchAll(/<\/?([a-zA-Z][a-zA-Z0-9]*)([^>]*)>/g)) {
    expect(ELEMENTS, tag).toContain(name!);
    // attributes: names of our own, every value in quotes
    const attributes = [...rest!.matchAll(/ ([a-zA-Z][a-zA-Z0-9:-]*)="[^"<>]*"/g)];
    for (const [, attribute] of attributes) expect(ATTRIBUTES, tag).toContain(attribute);
    const left = attributes.reduce((text, [whole]) => text.replace(whole, ''), rest!);
    expect(
      left
        .replace(/ (open|hidden)/, '')
        .replace(/\/$/, '')
        .trim(),
      tag,
    ).toBe('');
  }
  expect(markup).not.toMatch(/<(?![a-zA-Z/!])/);
  for (const [, href] of markup.matchAll(/ href="([^"]*)"/g)) expect(href).toMatch(/^#[a-z0-9-]+$/);
  const tables = readTables(html);
  for (const { id, rows } of report.sections.flatMap((section) => section.tables)) {
    for (const [r, row] of rows.entries()) {
      for (const [c, { value, mark = '' }] of row.entries()) {
        if (typeof value === 'string')
          expect(tables.get(`table-${id}`)!.rows[r]![c]!.text).toBe(`${value}${mark}`.trim());
      }
    }
  }
}

describe('names from outside', () => {
  it.each(GROUPS)('are text in the page: %j, …', checkHtml);

  it('are text in the page, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 3, maxLength: 3 }), (names) => checkHtml(...names)),
      { numRuns: 5 },
    );
  });

  it.each(GROUPS)('are text in figures, which show them: %j, …', async (...nasty) => {
    const records = study(...nasty);
    let shown = '';
    for (const figure of buildReport(records).sections.flatMap(({ figures }) => figures)) {
      const { svg, spec } = await renderSvg(figure);
      for (const [tag, name] of svg.matchAll(/<\/?([a-zA-Z][a-zA-Z0-9]*)[^>]*>/g))
        expect(ELEMENTS, tag).toContain(name!);
      expect(svg).not.toMatch(/<script| on[a-z]+="|href=/);
      expect(JSON.parse(JSON.stringify(spec))).toEqual(spec);
      shown += [...svg.matchAll(/<title>([^<]*)<\/title>/g)].map(([, tip]) => textOf(tip!)).join('\n');
    }
    const tasks = records.records('task').filter(({ headline }) => headline === 'acc');
    const names = [
      ...records.records('checkpoint').map(({ checkpoint }) => checkpoint),
      ...tasks.map(({ task }) => task),
    ];
    for (const name of names) expect(shown).toContain(printable(name).trim());
  });

  it('are printable in every string of a report', () => {
    fc.assert(
      fc.property(text, (nasty) => {
        const check = (value: unknown): void => {
          if (typeof value === 'string') {
            expect(value).not.toMatch(UNPRINTABLE);
            expect(value.isWellFormed()).toBe(true);
          } else if (typeof value === 'object' && value !== null) {
            for (const [key, item] of Object.entries(value)) {
              check(key);
              check(item);
            }
          }
        };
        check(buildReport(study(nasty)));
      }),
      { numRuns: 15 },
    );
  });

  it('are one line each in a terminal, cut to its width', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 60, max: 160 }), (nasty, width) => {
        const printed = renderTerminal(buildReport(study(nasty)), { width });
        expect(printed.replaceAll('\n', '')).not.toMatch(UNPRINTABLE);
      }),
      { numRuns: 20 },
    );
  });

  it('are fields of CSV that a spreadsheet does not run', () => {
    fc.assert(
      fc.property(text, (nasty) => {
        const report = buildReport(study(nasty));
        const files = renderCsv(report);
        for (const [name, csv] of files) {
          expect(name).toMatch(/^[a-z0-9-]+\.csv$/);
          const [head, ...lines] = parseCsv(csv, { relax_column_count: false }) as string[][];
          const { rows } = report.sections
            .flatMap((section) => section.tables)
            .find(({ id }) => `${id}.csv` === name)!;
          expect(lines).toHaveLength(rows.length);
          for (const field of [head!, ...lines].flat()) {
            if (Number.isNaN(Number(field))) expect(field.trimStart()).not.toMatch(/^[=+\-@]/);
          }
          for (const [r, row] of rows.entries()) {
            const [first] = row;
            if (typeof first!.value === 'string')
              expect(lines[r]![0]!.replace(/^'/, '')).toBe(first!.value.replace(/^'/, ''));
          }
        }
      }),
      { numRuns: 25 },
    );
  });

  it('are text in Markdown: tables keep their columns, nothing is markup', () => {
    fc.assert(
      fc.property(text, (nasty) => {
        const lines = renderMarkdown(buildReport(study(nasty))).split('\n');
        const bars = (line: string): number => line.replaceAll(/\\./g, '').split('|').length;
        for (const [i, line] of lines.entries()) {
          if (line.startsWith('| ') && lines[i + 1]?.startsWith('| '))
            expect(bars(lines[i + 1]!), line).toBe(bars(line));
          const plain = line.replaceAll(/\\./g, '').replace(/^(- |#+ |\*\*.*\*\*$)/, '');
          expect(plain).not.toMatch(/[<>`*_[\]~]|:\/\/|www\./);
        }
      }),
      { numRuns: 25 },
    );
  });
});
