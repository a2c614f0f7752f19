/** @file Every kernel on every backend of gpu.js, WebGPU and WebGL2 among them, in headless Chromium. */
import { readFileSync } from 'node:fs';
import { findChromium, runInBrowser } from '@bitcliff-tools/test/browser';
import { beforeAll, describe, expect, it } from 'vitest';
import type { PageResult } from './browser-page.ts';
import { KERNEL_CASES } from './kernel-cases.ts';
import { type SupportedCase, supportMatrix } from './support-matrix.ts';

const chromium = findChromium();
const TIMEOUT = 300_000;

describe.skipIf(chromium === undefined)('kernels in Chromium (skipped where no chromium is on PATH)', () => {
  let results: PageResult[] = [];
  beforeAll(async () => {
    const entry = new URL('./browser-page.ts', import.meta.url);
    results = (await runInBrowser(entry, { chromium: chromium!, timeout: TIMEOUT })) as PageResult[];
  }, TIMEOUT);

  it.each(['webgpu', 'webgl2', 'webasm', 'cpu'])('%s: every case ran and is within its bound', (backend) => {
    const own = results.filter((result) => result.backend === backend);
    // a wrong number may have become null on its way through JSON
    const failed = own.filter((r) => 'error' in r || !(typeof r.worst === 'number' && r.worst <= r.bound));
    expect(failed).toEqual([]);
    expect(own).toHaveLength(KERNEL_CASES.length);
  });

  it('the support matrix of the README is that of this run', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const matrix = supportMatrix(results as SupportedCase[]);
    expect(readme, `README.md lacks this table:\n${matrix}`).toContain(matrix);
  });
});
