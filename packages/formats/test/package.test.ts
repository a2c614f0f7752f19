import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

it('has two dependencies, no side effects, and exports in the order that resolvers need', () => {
  expect(Object.keys(manifest.dependencies)).toEqual(['@bitcliff/core', '@bufbuild/protobuf']);
  expect(manifest.sideEffects).toBe(false);
  expect(Object.keys(manifest.exports)).toEqual(['./package.json', '.', './node', './onnx']);
  for (const entry of ['.', './node', './onnx']) {
    expect(Object.keys(manifest.exports[entry])).toEqual(['@bitcliff/source', 'types', 'default']);
  }
});
