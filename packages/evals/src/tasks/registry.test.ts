import { UnknownNameError } from '@bitcliff/core';
import { expect, test } from 'vitest';
import { resolveTasks, TASK_GROUPS, TASKS } from './registry.ts';

test('names in the order asked for, once each', () => {
  const names = resolveTasks(['lambada_openai', 'hellaswag', 'lambada_openai']).map((task) => task.name);
  expect(names).toEqual(['lambada_openai', 'hellaswag']);
});

test('a group stands for its tasks, and counts them once', () => {
  const names = resolveTasks(['copa', 'int8-paper']).map((task) => task.name);
  expect(names).toEqual([
    ...[
      'copa',
      'piqa',
      'hellaswag',
      'winogrande',
      'lambada_openai',
      'copa_test',
      'storycloze_2016',
      'paralex',
    ],
  ]);
  for (const group of TASK_GROUPS.keys()) expect(resolveTasks([group]).length).toBeGreaterThan(7);
});

test("a task of one's own is found, and wins", () => {
  const own = { ...TASKS.get('piqa')!, version: 'own' };
  expect(resolveTasks(['piqa'], [own])[0]!.version).toBe('own');
  expect(resolveTasks(['mine'], [{ ...own, name: 'mine' }])[0]!.version).toBe('own');
});

test('an unknown name is listed against the known ones', () => {
  expect(() => resolveTasks(['helaswag'])).toThrow(UnknownNameError);
  expect(() => resolveTasks(['helaswag'])).toThrow(
    /^resolveTasks: unknown task "helaswag", expected one of: arc_challenge, .*\. Did you mean "hellaswag"\?$/,
  );
});

test.each([...TASKS])('%s: registered under its name, its headline among its metrics', (name, task) => {
  expect(task.name).toBe(name);
  expect(Object.keys(task.metrics)).toContain(task.headline);
  expect(task.files.length).toBeGreaterThan(0);
});
