import { InternalError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { sampleOf } from '../__fixtures__/sample-of.ts';
import { accuracy, byteAccuracy, normalizedAccuracy, pooled } from './accuracy.ts';

const sample = (gold: number, logProbs: number[]) => sampleOf({ choices: ['ab', 'abcdef'], gold }, logProbs);

test('share of correct items, plain and per code point', () => {
  const samples = [sample(0, [-4, -6]), sample(1, [-4, -6]), sample(1, [-4, -6]), sample(1, [-9, -6])];
  expect(accuracy.aggregate(samples).value).toBe(0.5);
  expect(accuracy.aggregate(samples).stderr).toBeCloseTo(Math.sqrt(1 / 3) / 2, 15);
  expect(normalizedAccuracy.aggregate(samples).value).toBe(0.75);
});

test('acc_norm of a task without choices is a defect', () => {
  expect(() => normalizedAccuracy.aggregate([sampleOf({}, [])])).toThrow(InternalError);
});

test('by bytes where that is not by code points', () => {
  const item = { choices: ['éééé', 'abcde'], gold: 0 };
  expect(normalizedAccuracy.aggregate([sampleOf(item, [-8, -9])]).value).toBe(0); // -2 against -1.8
  expect(byteAccuracy.aggregate([sampleOf(item, [-8, -9])]).value).toBe(1); // -1 against -1.8
});

test('a group: the mean over items, the error pooled over subtasks', () => {
  const inSubject = (cluster: string, gold: number) =>
    sampleOf({ choices: ['a', 'b'], gold, cluster }, [-1, -2]);
  const samples = [inSubject('x', 0), inSubject('x', 1), inSubject('y', 0), inSubject('y', 0)];
  const { value, stderr } = pooled(accuracy).aggregate(samples);
  expect(value).toBe(0.75);
  expect(stderr).toBeCloseTo(Math.sqrt((1 * 0.5 ** 2 * 2) / (4 - 2) / 4), 15);
  expect(pooled(accuracy).aggregate([...samples, inSubject('z', 0)]).stderr).toBeNull();
});
