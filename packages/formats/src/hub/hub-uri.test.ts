import { InvalidInputError, UnsupportedError } from '@bitcliff/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectRefusal } from '../../test/hostile.ts';
import { formatHubUri, isHubUri, parseHubUri } from './hub-uri.ts';

describe('parseHubUri', () => {
  const cases: [uri: string, repo: string, revision: string, path: string | undefined][] = [
    ['hf:org/name', 'org/name', 'main', undefined],
    ['hf://org/name', 'org/name', 'main', undefined],
    ['hf:models/org/name', 'org/name', 'main', undefined],
    ['hf:org/name@v1.0', 'org/name', 'v1.0', undefined],
    ['hf:org/name/a/b.json', 'org/name', 'main', 'a/b.json'],
    ['hf:org/name@v1/a b#?.json', 'org/name', 'v1', 'a b#?.json'],
    ['hf:org/name@refs/pr/1', 'org/name', 'refs/pr/1', undefined],
    ['hf:org/name@refs/pr/12/model.bin', 'org/name', 'refs/pr/12', 'model.bin'],
    ['hf:org/name@refs/convert/parquet-v2/x', 'org/name', 'refs/convert/parquet-v2', 'x'],
    ['hf:org/name@feature%2Ffast/x', 'org/name', 'feature/fast', 'x'],
    ['hf:org/name/file@2.txt', 'org/name', 'main', 'file@2.txt'],
    [
      'hf:Org_1/a.b-c@0123456789abcdef0123456789abcdef01234567',
      'Org_1/a.b-c',
      '0123456789abcdef0123456789abcdef01234567',
      undefined,
    ],
  ];
  it.each(cases)('reads %s', (uri, repo, revision, path) => {
    expect(parseHubUri(uri)).toEqual({ type: 'model', repo, revision, path });
  });

  it('reads a data set', () => {
    expect(parseHubUri('hf:datasets/org/name@v1/x')).toEqual({
      type: 'dataset',
      repo: 'org/name',
      revision: 'v1',
      path: 'x',
    });
  });

  const refused: [uri: string, says: string][] = [
    ['model.safetensors', 'not a Hub URI'],
    ['hf:gpt2', 'no repository'],
    ['hf:', 'no repository'],
    ['hf:///etc/passwd', 'bad repository name'],
    ['hf:org/', 'bad repository name'],
    ['hf:../name', 'bad repository name'],
    ['hf:org/a..b', 'bad repository name'],
    ['hf:org/a--b', 'bad repository name'],
    ['hf:org/-a', 'bad repository name'],
    ['hf:org/a.git', 'bad repository name'],
    ['hf:org/a b', 'bad repository name'],
    [`hf:org/${'a'.repeat(97)}`, 'at most 96'],
    ['hf:org/name@', 'a branch, tag or commit'],
    ['hf:org/name@%2e%2e', 'bad revision'],
    ['hf:org/name@a%2F..%2Fb', 'bad revision'],
    ['hf:org/name@a%', 'bad revision'],
    ['hf:org/name@a%00', 'bad revision'],
    ['hf:org/name@refs/heads/main', 'refs/pr/<number>'],
    ['hf:org/name@x.lock', 'bad revision'],
    ['hf:org/name/', 'without empty segments'],
    ['hf:org/name//x', 'without empty segments'],
    ['hf:org/name/../x', '"." and ".." segments'],
    ['hf:org/name/a/./x', '"." and ".." segments'],
    ['hf:org/name/a\\..\\x', 'no backslashes'],
    ['hf:org/name/C:/x', 'no drive letters'],
    ['hf:org/name/a\u0000', 'control characters'],
    ['hf:org/name/\ud800', 'well-formed Unicode'],
    [`hf:org/name/${'a'.repeat(256)}`, 'at most 255 bytes'],
    [`hf:org/name/${'a/'.repeat(2500)}`, 'URI is too long'],
  ];
  it.each(refused)('refuses %s', async (uri, says) => {
    await expectRefusal(() => parseHubUri(uri), '', {
      error: InvalidInputError,
      says: ['parseHubUri', says],
    });
  });

  it.each(['spaces', 'kernels', 'buckets'])('says that %s are not read', async (kind) => {
    await expectRefusal(() => parseHubUri(`hf:${kind}/org/name`), kind, {
      error: UnsupportedError,
      says: ['a model or a data set'],
    });
  });

  it('reads what formatHubUri writes', () => {
    const word = fc.stringMatching(/^[a-z0-9][a-z0-9_]{0,8}$/);
    const revision = fc.oneof(
      word,
      fc.tuple(word, word).map((p) => p.join('/')),
      fc.constantFrom('main', 'refs/pr/7'),
    );
    const path = fc.option(
      fc.array(word, { minLength: 1, maxLength: 3 }).map((p) => p.join('/')),
      { nil: undefined },
    );
    const type = fc.constantFrom('model' as const, 'dataset' as const);
    // "datasets" and the like are kinds, not organisations
    const repo = fc.tuple(word, word).map(([org, name]) => `o${org}/${name}`);
    fc.assert(
      fc.property(fc.record({ type, repo, revision, path }), (location) => {
        expect(parseHubUri(formatHubUri(location))).toEqual(location);
      }),
    );
  });

  it('knows a Hub URI from a path', () => {
    expect(isHubUri('hf:x')).toBe(true);
    expect(isHubUri('./hf')).toBe(false);
  });
});
