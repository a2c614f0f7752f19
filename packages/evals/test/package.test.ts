/** @file What the package promises to those who install it. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as api from '../src/index.ts';
import * as nodeApi from '../src/node.ts';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

test('depends on what the README gives a reason for, and has no side effects', () => {
  const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const packages = Object.keys(manifest.dependencies);
  expect(packages).toEqual(['@bitcliff/core', '@noble/hashes', 'csv-parse', 'hyparquet', 'saxes', 'zod']);
  for (const name of packages) expect(README).toContain(`\`${name}\``);
  expect(manifest.sideEffects).toBe(false);
});

test.each(['.', './node'])('export %s: source, types, default', (subpath) => {
  expect(Object.keys(manifest.exports[subpath])).toEqual(['@bitcliff/source', 'types', 'default']);
});

test('exported values', () => {
  expect(Object.keys(api).sort()).toEqual([
    'NEAR_TIE_MARGIN',
    'TASKS',
    'accuracy',
    'averagePercentDifference',
    'codePointLength',
    'createPairEncoder',
    'encodePair',
    'evaluateTasks',
    'hellaswag',
    'lambadaOpenai',
    'mean',
    'meanStderr',
    'normalizedAccuracy',
    'parseRows',
    'prepareTask',
    'pyCapitalize',
    'pyLstrip',
    'pyRstrip',
    'pyStrip',
    'resolveTasks',
    'scoreTask',
    'scoreTasks',
    'targetPerplexity',
    'truncateRequest',
  ]);
  expect(Object.keys(nodeApi).sort()).toEqual(['MAX_DATA_BYTES', 'loadTaskRows']);
});
