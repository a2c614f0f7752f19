import { describe, expect, it } from 'vitest';
import { openPage } from './open-page.ts';
import { findChromium } from './run-in-browser.ts';

const chromium = findChromium();
const url = new URL('./__fixtures__/page-to-drive.html', import.meta.url);
const of = (id: string, property: string): string => `document.getElementById('${id}').${property}`;

describe.skipIf(chromium === undefined)('a page that is driven (skipped: no Chromium)', () => {
  it('is clicked, hovered, pressed and looked at, and tells of errors and requests', async () => {
    const page = await openPage(url, { chromium: chromium!, width: 400, height: 300, dark: true });
    try {
      await page.hover('#one');
      expect(await page.evaluate(of('one', 'title'))).toBe('hovered');
      await page.click('#one');
      expect(await page.evaluate(of('one', 'textContent'))).toBe('clicked');
      expect(await page.evaluate(of('one', 'dataset.pointer'))).toBe('mouse');
      await page.evaluate(of('two', 'focus()'));
      await page.press('ArrowRight');
      expect(await page.evaluate(of('two', 'value'))).toBe('ArrowRight');
      expect(await page.evaluate('innerWidth')).toBe(400);
      expect(await page.evaluate('document.documentElement.dataset.dark')).toBe('true');
      expect([...(await page.screenshot()).subarray(1, 4)]).toEqual([...Buffer.from('PNG')]);
      expect(page.errors.join()).toContain('on purpose');
      expect(page.requests).toContain('http://127.0.0.1:9/nothing');
      await expect(page.evaluate('missing.thing')).rejects.toThrow('missing is not defined');
    } finally {
      await page.close();
    }
  });

  it('is touched on a phone', async () => {
    const page = await openPage(url, { chromium: chromium!, width: 390, height: 300, mobile: true });
    try {
      await page.tap('#one');
      expect(await page.evaluate(of('one', 'dataset.pointer'))).toBe('touch');
    } finally {
      await page.close();
    }
  });

  it('says when Chromium does not start', async () => {
    const options = { chromium: '/no/chromium', width: 100, height: 100 };
    await expect(openPage(url, options)).rejects.toThrow('Chromium did not start');
  });
});
