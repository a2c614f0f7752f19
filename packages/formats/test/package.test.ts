import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

it('has two dependencies, no side effects, and exports in the order that resolvers need', () => {
  expect(Object.keys(manifest.dependencies)).toEqual(['@bitcliff/core', '@bufbuild/protobuf']);
  expect(manifest.sideEffects).toBe(false);
  expect(Object.keys(manifest.exports)).toEqual(['./package.json', '.', './node', './onnx', './hub']);
  for (const entry of ['.', './node', './onnx', './hub']) {
    expect(Object.keys(manifest.exports[entry])).toEqual(['@bitcliff/source', 'types', 'default']);
  }
});

it.each(['index.ts', 'onnx/index.ts'])('src/%s reaches no file that needs Node', (entry) => {
  const source = new URL('../src/', import.meta.url);
  const seen = new Set<string>();
  const visit = (file: URL): void => {
    if (seen.has(file.href)) return;
    seen.add(file.href);
    expect(file.pathname).not.toMatch(/\.node\.ts$/);
    const text = readFileSync(file, 'utf8');
    expect(text).not.toMatch(/from 'node:/);
    for (const [, path] of text.matchAll(/from '(\.[^']+)'/g)) visit(new URL(path!, file));
  };
  visit(new URL(entry, source));
  expect(seen.size).toBeGreaterThan(5);
});
