/** @file What the package promises to those who install it. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { METHOD_VERSIONS, RECIPES } from '../src/index.ts';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const manifest = JSON.parse(read('package.json'));

test('dependencies, side effects, exports', () => {
  expect(Object.keys(manifest.dependencies)).toEqual([
    '@bitcliff/core',
    '@bitcliff/formats',
    '@bitcliff/kernels',
    'zod',
  ]);
  expect(manifest.sideEffects).toBe(false);
  expect(Object.keys(manifest.exports['.'])).toEqual(['@bitcliff/source', 'types', 'default']);
});

test.each(Object.entries(METHOD_VERSIONS))('the README of %s names its version', (method, version) => {
  expect(read(`src/methods/${method}/README.md`).split('\n')[0]).toBe(`# ${method} (version ${version})`);
});

test('the README of each recipe folder names its version', () => {
  const folders = readdirSync(new URL('../src/recipes', import.meta.url), { withFileTypes: true });
  for (const { name } of folders.filter((entry) => entry.isDirectory())) {
    expect(read(`src/recipes/${name}/README.md`).split('\n')[0]).toBe(
      `# ${name} (version ${RECIPES.get(name)!.version})`,
    );
  }
});
