import { describe, expect, it } from 'vitest';
import { findChromium, runInBrowser } from './run-in-browser.ts';

const chromium = findChromium();
const fixture = (name: string) => new URL(`./__fixtures__/${name}.ts`, import.meta.url);

describe.skipIf(chromium === undefined)('a page in Chromium (skipped: no Chromium)', () => {
  it('is isolated, reads the folders beside it, and reports', async () => {
    const folders = { beside: new URL('./__fixtures__/', import.meta.url) };
    const options = { chromium: chromium!, timeout: 50_000, folders };
    expect(await runInBrowser(fixture('page-that-reports'), options)).toEqual({
      isolated: true,
      found: true,
      missing: 404,
    });
  });

  it('says what it logged when it does not report', async () => {
    const run = runInBrowser(fixture('page-that-fails'), { chromium: chromium!, timeout: 10_000 });
    await expect(run).rejects.toThrow(
      /posted nothing in 10000 ms[\s\S]*before it breaks[\s\S]*the page is broken/,
    );
  });

  it('says when Chromium does not start', async () => {
    const run = runInBrowser(fixture('page-that-fails'), { chromium: '/no/chromium', timeout: 10_000 });
    await expect(run).rejects.toThrow('Chromium did not start');
  });
});
