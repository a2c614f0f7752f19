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
  expect(packages.filter((name) => !README.includes(`\`${name}\``))).toEqual([]);
  expect(manifest.sideEffects).toBe(false);
});

test.each(['.', './node'])('export %s: source, types, default', (subpath) => {
  expect(Object.keys(manifest.exports[subpath])).toEqual(['@bitcliff/source', 'types', 'default']);
});

test('exported values', () => {
  expect(Object.keys(api).sort()).toEqual([
    'GENERATED_TASKS',
    'METRICS',
    'NEAR_TIE_MARGIN',
    'SIGNIFICANCE_LEVEL',
    'TASKS',
    'TASK_GROUPS',
    'accuracy',
    'appendsSpecialTokens',
    'averagePercentDifference',
    'bitsPerByte',
    'bootstrapStderr',
    'byteAccuracy',
    'byteLikelihood',
    'bytePerplexity',
    'calibrationError',
    'choiceDivergence',
    'codePointLength',
    'compareResults',
    'compareTask',
    'countFlips',
    'createPairEncoder',
    'createPythonRandom',
    'defineTask',
    'disjointRequest',
    'dropLast',
    'encodePair',
    'evaluateGeneratedTask',
    'evaluateGeneratedWords',
    'evaluateTasks',
    'hellaswag',
    'holm',
    'lambadaOpenai',
    'lowerFirst',
    'mcNemar',
    'mean',
    'meanByteLikelihood',
    'meanMetric',
    'meanStderr',
    'minimumDetectableDifference',
    'normalizedAccuracy',
    'pairedBootstrap',
    'pairedDifference',
    'parseRows',
    'pooled',
    'pooledStderr',
    'prepareTask',
    'pyCapitalize',
    'pyLstrip',
    'pyRstrip',
    'pyStrip',
    'pyWordCount',
    'quantile',
    'rateMetric',
    'resolveTasks',
    'rollingWindows',
    'scoreItems',
    'scoreTask',
    'scoreTasks',
    'summarizeSamples',
    'summarizeTokenDivergence',
    'targetPerplexity',
    'tokenDivergence',
    'tokenPerplexity',
    'truncateRequest',
    'utf8Length',
    'weightedMean',
    'wilsonInterval',
    'wordPerplexity',
  ]);
  expect(Object.keys(nodeApi).sort()).toEqual([
    'MAX_DATA_BYTES',
    'loadTaskRows',
    'readResults',
    'writeResults',
  ]);
});
