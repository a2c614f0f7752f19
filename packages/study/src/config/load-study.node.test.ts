import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidInputError, NotFoundError } from '@bitcliff/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadStudy } from './load-study.node.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bitcliff-study-'));
});
afterEach(() => rm(folder, { recursive: true }));

const JSON_CONFIG = '{ "name": "toy", "checkpoints": ["a"], "analyses": ["weights"] }';
const CONFIGS: Record<string, string> = {
  'study.json': JSON_CONFIG,
  'study.yaml': 'name: toy # a comment\ncheckpoints: [a]\nanalyses: [weights]\n',
  'study.mjs': `export default ${JSON_CONFIG};`,
  'study.ts': `import type { StudyConfig } from '@bitcliff/study';\nexport default ${JSON_CONFIG} satisfies StudyConfig;`,
};

test.each(Object.keys(CONFIGS))('%s', async (name) => {
  const path = join(folder, name);
  await writeFile(path, CONFIGS[name]!);
  const { study, store, folder: found } = await loadStudy(path);
  expect(study).toMatchObject({ name: 'toy', checkpoints: ['a'], analyses: ['weights'], recipes: [] });
  expect(found).toBe(folder);
  expect(store).toBe(join(folder, 'toy.study.sqlite'));
});

test('says what is wrong with a file', async () => {
  const load = async (name: string, text: string): Promise<unknown> => {
    await writeFile(join(folder, name), text);
    return loadStudy(join(folder, name));
  };
  await expect(loadStudy(join(folder, 'none.ts'))).rejects.toThrow(NotFoundError);
  await expect(load('a.toml', '')).rejects.toThrow('an unknown kind of config');
  await expect(load('a.json', '{')).rejects.toThrow('the config cannot be read');
  await expect(load('a.yaml', 'a: [')).rejects.toThrow('the config cannot be read');
  await expect(load('a.mjs', 'export default 1')).rejects.toThrow('expected an object');
  await expect(load('b.json', '{ "name": "x", "checkpoints": [1] }')).rejects.toThrow(InvalidInputError);
  await expect(load('c.json', '{ "name": "x", "checkpoints": [1] }')).rejects.toThrow('→ at checkpoints[0]');
});
