/** @file What the package promises to those who install it. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as api from '../src/index.ts';
import * as nodeApi from '../src/node.ts';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

test('depends on core alone and has no side effects', () => {
  expect(Object.keys(manifest.dependencies)).toEqual(['@bitcliff/core']);
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
