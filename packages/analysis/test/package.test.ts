/** @file What the package promises to those who install it. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

test('dependencies, side effects, exports', () => {
  expect(Object.keys(manifest.dependencies)).toEqual([
    '@bitcliff/core',
    '@bitcliff/kernels',
    '@bitcliff/quantize',
    '@bitcliff/runtime',
  ]);
  expect(manifest.sideEffects).toBe(false);
  expect(Object.keys(manifest.exports['.'])).toEqual(['@bitcliff/source', 'types', 'default']);
});
