import { UnknownNameError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { resolveTasks, TASKS } from './registry.ts';

test('names in the order asked for, once each', () => {
  const names = resolveTasks(['lambada_openai', 'hellaswag', 'lambada_openai']).map((task) => task.name);
  expect(names).toEqual(['lambada_openai', 'hellaswag']);
});

test('an unknown name is listed against the known ones', () => {
  expect(() => resolveTasks(['helaswag'])).toThrow(UnknownNameError);
  expect(() => resolveTasks(['helaswag'])).toThrow(
    'resolveTasks: unknown task "helaswag", expected one of: hellaswag, lambada_openai. Did you mean "hellaswag"?',
  );
});

test.each([...TASKS])('%s: registered under its name, its headline among its metrics', (name, task) => {
  expect(task.name).toBe(name);
  expect(Object.keys(task.metrics)).toContain(task.headline);
  expect(task.files.length).toBeGreaterThan(0);
});
