/** @file Opens the report from disk in Chromium and uses it: sorts, hovers, taps, follows a link, at desktop and phone width, light and dark. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { findChromium } from '@bitcliff-tools/test/browser';
import { type OpenPage, openPage } from '@bitcliff-tools/test/page';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildReport, renderHtml } from '../src/index.ts';
import { createFixtureStudy } from './fixture-study.ts';

const chromium = findChromium();
const long = `<script>alert(1)</script> "${'long name '.repeat(30)}"`;

describe.skipIf(chromium === undefined)('the page in Chromium (skipped: no Chromium)', () => {
  let folder: string;
  let page: OpenPage | undefined;
  const study = createFixtureStudy({ layers: 3, items: 60 });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'bitcliff-report-'));
    writeFileSync(join(folder, 'report.html'), await renderHtml(buildReport(study)));
    const nasty = createFixtureStudy({
      layers: 1,
      items: 20,
      steps: [500, 1000],
      rename: (name) => long + name,
    });
    writeFileSync(join(folder, 'nasty.html'), await renderHtml(buildReport(nasty)));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  afterEach(async () => page?.close());

  const open = async (width: number, options: { dark?: boolean; file?: string } = {}): Promise<OpenPage> => {
    const { dark = false, file = 'report.html' } = options;
    const url = pathToFileURL(join(folder, file));
    page = await openPage(url, { chromium: chromium!, width, height: 900, dark, mobile: width < 500 });
    return page;
  };
  const column = (opened: OpenPage, index: number): Promise<string[]> =>
    opened.evaluate(
      `[...document.querySelectorAll('#table-bits tbody tr')].map((row) => row.cells[${index}].textContent)`,
    );
  const sort = (index: number): string => `#table-bits th:nth-child(${index}) button`;

  it.each([1280, 390])('sorts a table by clicks on its heads, %d pixels wide', async (width) => {
    const opened = await open(width);
    await opened.evaluate("document.getElementById('table-bits').open = true");
    await opened.click(sort(5));
    const values = (await column(opened, 4)).map(Number);
    expect(values).toHaveLength(
      study.records('variant').filter(({ averageBits }) => averageBits !== null).length,
    );
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(new Set(values).size).toBeGreaterThan(5);
    expect(
      await opened.evaluate(
        "document.querySelector('#table-bits th:nth-child(5)').getAttribute('aria-sort')",
      ),
    ).toBe('ascending');
    await opened.click(sort(5));
    expect((await column(opened, 4)).map(Number)).toEqual([...values].reverse());
    await opened.click(sort(1));
    const names = await column(opened, 0);
    expect(names).toEqual([...names].sort((a, b) => a.localeCompare(b, undefined, { numeric: true })));
    expect(opened.errors).toEqual([]);
    expect(opened.requests.filter((request) => !request.startsWith('file:'))).toEqual([]);
  });

  it('sorts by the keyboard', async () => {
    const opened = await open(1280);
    await opened.evaluate(
      `document.getElementById('table-bits').open = true; document.querySelector('${sort(5)}').focus()`,
    );
    await opened.press('Enter');
    const values = (await column(opened, 4)).map(Number);
    expect(values).toEqual([...values].sort((a, b) => a - b));
  });

  const tip = (opened: OpenPage): Promise<string | null> =>
    opened.evaluate(
      "document.getElementById('tip').hidden ? null : document.getElementById('tip').textContent",
    );

  it('shows the value of a mark that is hovered', async () => {
    const opened = await open(1280);
    expect(await tip(opened)).toBeNull();
    const mark = '#figure-training [data-tip^="rtn-w3g128 at step 8000"]';
    await opened.hover(mark);
    const loss = study
      .records('loss')
      .find(({ checkpoint, variant }) => checkpoint === 'control-8000' && variant === 'rtn-w3g128')!;
    const shown = await tip(opened);
    expect(shown).toMatch(/^rtn-w3g128 at step 8000: [\d.]+ nats, \+[\d.]+ to the baseline$/);
    expect(Number(/: ([\d.]+) nats/.exec(shown!)![1])).toBeCloseTo(loss.nll, 3);
    await opened.hover('h1');
    expect(await tip(opened)).toBeNull();
    const inside = await opened.evaluate<boolean>(
      "getComputedStyle(document.getElementById('tip')).position === 'absolute'",
    );
    expect(inside).toBe(true);
    expect(opened.errors).toEqual([]);
  });

  it('shows it to a finger on a phone, and fits its width', async () => {
    const opened = await open(390);
    await opened.tap('#figure-training [data-tip^="w8a8 at step 2000"]');
    expect(await tip(opened)).toMatch(/^w8a8 at step 2000: /);
    const box = await opened.evaluate<{ left: number; right: number }>(
      "document.getElementById('tip').getBoundingClientRect().toJSON()",
    );
    expect(box.left).toBeGreaterThanOrEqual(0);
    expect(box.right).toBeLessThanOrEqual(390);
    expect(await opened.evaluate('document.documentElement.scrollWidth')).toBe(390);
    const wide = await opened.evaluate<number>(
      "Math.max(...[...document.querySelectorAll('.panels svg')].map((svg) => svg.getBoundingClientRect().right))",
    );
    expect(wide).toBeLessThanOrEqual(390);
  });

  it('shows it to the arrow keys', async () => {
    const opened = await open(1280);
    await opened.evaluate("document.querySelector('#figure-bits .panels svg').focus()");
    await opened.press('ArrowRight');
    const first = await tip(opened);
    await opened.press('ArrowRight');
    expect(first).toMatch(/ nats at /);
    expect(await tip(opened)).not.toBe(first);
  });

  it('leads from a number to its run', async () => {
    const opened = await open(1280);
    const { run } = study
      .records('loss')
      .find(({ checkpoint, variant }) => checkpoint === 'control-500' && variant === 'w8a8')!;
    const key = await opened.evaluate<string>(`(() => {
      document.getElementById('table-bits').open = true;
      const row = [...document.querySelectorAll('#table-bits tbody tr')].find(({ cells }) => cells[0].textContent === 'control-500' && cells[1].textContent === 'w8a8');
      row.cells[3].querySelector('a').click();
      return document.querySelector(':target').textContent;
    })()`);
    expect(key).toContain(run!);
    expect(key).toContain('2026-11-20T10:00:00.000Z');
  });

  it('has ink on its ground, light and dark', async () => {
    for (const dark of [false, true]) {
      const opened = await open(1280, { dark });
      const colors = await opened.evaluate<string[]>(`[
        getComputedStyle(document.body).backgroundColor,
        getComputedStyle(document.querySelector('.panels text')).fill,
        getComputedStyle(document.querySelector('.legend span')).color,
      ]`);
      const [ground, ...inks] = colors.map((color) =>
        luminance(color.match(/\d+/g)!.slice(0, 3).map(Number)),
      );
      expect(ground! < 0.5).toBe(dark);
      for (const ink of inks) expect(contrast(ink, ground!)).toBeGreaterThan(7);
      await opened.close();
    }
    page = undefined;
  });

  it('shows nasty names as text', async () => {
    const opened = await open(390, { file: 'nasty.html' });
    expect(await opened.evaluate("document.querySelectorAll('script').length")).toBe(1);
    expect(await opened.evaluate("document.querySelector('h1').textContent")).toBe(`${long}toy-study`);
    expect(await opened.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(opened.errors).toEqual([]);
  });

  it('runs no script but its own', async () => {
    const opened = await open(1280);
    await opened.evaluate(
      "document.body.append(Object.assign(document.createElement('script'), { textContent: 'window.ran = true' })), fetch('http://127.0.0.1:9/').catch(() => {})",
    );
    expect(await opened.evaluate('window.ran ?? false')).toBe(false);
    expect(opened.errors.join()).toContain('Content Security Policy');
  });
});

function luminance(rgb: readonly number[]): number {
  const [r, g, b] = rgb.map((value) =>
    value <= 10 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
  );
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(a: number, b: number): number {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}
