import { expect, test } from 'vitest';
import { isCalibrationFile } from './calibration.node.ts';

test.each([
  ['wiki.txt', true],
  ['rows.jsonl#text', true],
  ['random-notes.txt', true],
  ['random-tokens', false],
  ['random-punctuation', false],
  ['self-generated', false],
  ['task:piqa:train', false],
])('%s is a file: %s', (source, expected) => {
  expect(isCalibrationFile(source)).toBe(expected);
});
