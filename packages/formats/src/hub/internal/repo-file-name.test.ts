import { FormatError, UnsupportedError } from '@bitcliff/core';
import { expect, it } from 'vitest';
import { expectRefusal } from '../../../test/hostile.ts';
import {
  checkListedNames,
  checkNamesOfPlatform,
  repoFileProblem,
  windowsNameProblem,
} from './repo-file-name.ts';

it.each(['a', 'a/b.json', '.gitattributes', 'a b (1).txt', 'é/日本.bin', 'aux.txt', '..a', 'a..b', 'ab:c'])(
  'takes %j',
  (name) => expect(repoFileProblem(name)).toBeUndefined(),
);

it.each([
  '',
  '/etc/passwd',
  '..',
  'a/../b',
  './a',
  'a/',
  'a//b',
  '\\\\host\\share',
  'a\\b',
  'c:x',
  'a/c:/x',
  'a\nb',
  '\ud800',
])('refuses %j', (name) => expect(repoFileProblem(name)).toBeTypeOf('string'));

it.each(['aux', 'a/CON.txt', 'com1', 'lpt9.bin', 'a:b', 'a?', 'a.', 'b /c', 'x|y'])(
  'refuses %j on Windows',
  async (name) => {
    expect(windowsNameProblem(name)).toBeTypeOf('string');
    checkNamesOfPlatform('op', [name], 'linux', 'org/name');
    await expectRefusal(() => checkNamesOfPlatform('op', [name], 'win32', 'org/name'), 'org/name', {
      error: UnsupportedError,
      says: ['Windows cannot hold', 'ignorePatterns'],
    });
  },
);

it('refuses names that are one name without case', async () => {
  const names = ['README.md', 'a', 'readme.md'];
  checkNamesOfPlatform('op', names, 'linux', 'org/name');
  for (const platform of ['win32', 'darwin']) {
    await expectRefusal(() => checkNamesOfPlatform('op', names, platform, 'org/name'), 'org/name', {
      error: UnsupportedError,
      says: ['"README.md" and "readme.md"'],
    });
  }
});

it('refuses listings that no repository has', async () => {
  checkListedNames('op', ['a', 'b/a', 'b/c'], 'org/name');
  const refuses = (names: string[], says: string) =>
    expectRefusal(() => checkListedNames('op', names, 'org/name'), 'org/name', {
      error: FormatError,
      says: [says],
    });
  await refuses(['a', 'a'], 'a file twice');
  await refuses(['a/b/c', 'a/b'], 'as file and as folder');
  await refuses(['ok', '../evil'], 'bad file name');
});
