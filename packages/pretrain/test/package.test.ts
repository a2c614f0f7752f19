import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

it('depends on core, formats and three libraries, and has no side effects', () => {
  expect(Object.keys(manifest.dependencies)).toEqual([
    '@bitcliff/core',
    '@bitcliff/formats',
    '@huggingface/tokenizers',
    '@jax-js/jax',
    'zod',
  ]);
  expect(manifest.sideEffects).toBe(false);
});

it('offers types before code at every entry', () => {
  for (const entry of ['.', './node', './threads'])
    expect(Object.keys(manifest.exports[entry])).toEqual(['@bitcliff/source', 'types', 'default']);
});
