/** @file A server on loopback plays the Hub, and a second one its store of large files. One file, because every test needs both. */
import { spawn } from 'node:child_process';
import {
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { FormatError, InvalidInputError, NotFoundError, type ProgressEvent } from '@bitcliff/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectRefusal, failureOf } from '../../test/hostile.ts';
import { FakeHub, type Fault, gitOid, largeFile, sha256 } from './__fixtures__/fake-hub.ts';
import { HubAccessError, HubIntegrityError, HubOfflineError, HubRequestError } from './hub-errors.ts';
import { type HubSettings, hubSettingsFromEnv } from './hub-settings.node.ts';
import { type SnapshotOptions, snapshot } from './hub-snapshot.node.ts';

const config = '{"hidden_size": 8}';
const weights = largeFile(5000);
const files = { 'config.json': config, 'model.safetensors': weights, 'sub/notes.txt': 'a note\n' };
const token = 'hf_secret';

let root: string;
let hub: FakeHub;
let cacheDir: string;
let repoDir: string;
/** Pauses that were asked for, in milliseconds. */
let pauses: number[];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'bitcliff-hub-'));
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(async () => {
  hub = new FakeHub();
  await hub.start();
  cacheDir = await mkdtemp(join(root, 'cache-'));
  repoDir = join(cacheDir, 'models--org--name');
  pauses = [];
});
afterEach(() => hub.stop());

const settings = (more: Partial<HubSettings> = {}): HubSettings => ({
  ...hubSettingsFromEnv({ HF_ENDPOINT: hub.endpoint, HF_HUB_CACHE: cacheDir }),
  ...more,
});

function options(more: Partial<SnapshotOptions> = {}, set: Partial<HubSettings> = {}): SnapshotOptions {
  const sleep = async (ms: number) => {
    pauses.push(ms);
  };
  return { settings: settings(set), sleep, ...more };
}

const fault = (match: string, more: Omit<Fault, 'match'>) => hub.faults.push({ match, ...more });
const names = (taken: { files: readonly { name: string }[] }) => taken.files.map((file) => file.name);
const contentOf = async (taken: { path: string }, name: string) =>
  new Uint8Array(await readFile(join(taken.path, name)));
const blobs = async () => (await readdir(join(repoDir, 'blobs'))).sort();

/** All files and links of a folder. */
async function tree(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((e) => !e.isDirectory())
    .map((e) => join(e.parentPath, e.name).slice(folder.length + 1));
  return paths.sort();
}

describe('layout', () => {
  it("is Python's", async () => {
    const commit = hub.commit(files, 'main');
    const taken = await snapshot('hf:org/name', options());
    const [sha, oid, note] = [
      sha256(weights.content),
      gitOid(Buffer.from(config)),
      gitOid(Buffer.from('a note\n')),
    ];
    expect(await tree(cacheDir)).toEqual(
      [
        'CACHEDIR.TAG',
        ...[sha, oid, note].map((name) => `models--org--name/blobs/${name}`),
        'models--org--name/refs/main',
        ...['config.json', 'model.safetensors', 'sub/notes.txt'].map(
          (name) => `models--org--name/snapshots/${commit}/${name}`,
        ),
        `models--org--name/trees/${commit}.json`,
      ].sort(),
    );
    expect(await readFile(join(repoDir, 'refs/main'), 'utf8')).toBe(commit);
    expect(taken.path).toBe(join(repoDir, 'snapshots', commit));
    expect(await readlink(join(taken.path, 'config.json'))).toBe(join('..', '..', 'blobs', oid));
    expect(await readlink(join(taken.path, 'model.safetensors'))).toBe(join('..', '..', 'blobs', sha));
    expect(await readlink(join(taken.path, 'sub', 'notes.txt'))).toBe(join('..', '..', '..', 'blobs', note));
    // huggingface_hub 1.33 _tree_cache.py, format 1
    const listing = JSON.parse(await readFile(join(repoDir, 'trees', `${commit}.json`), 'utf8'));
    expect(listing).toEqual({
      format_version: 1,
      files: {
        'config.json': { size: 18, blob_id: oid },
        'model.safetensors': {
          size: 5000,
          blob_id: expect.stringMatching(/^[0-9a-f]{40}$/),
          lfs_sha256: sha,
          lfs_size: 5000,
        },
        'sub/notes.txt': { size: 7, blob_id: note },
      },
    });
    expect(taken).toMatchObject({ commit, listing: 'hub' });
    expect(taken.files).toEqual([
      { name: 'config.json', path: join(taken.path, 'config.json'), byteLength: 18 },
      { name: 'model.safetensors', path: join(taken.path, 'model.safetensors'), byteLength: 5000 },
      { name: 'sub/notes.txt', path: join(taken.path, 'sub/notes.txt'), byteLength: 7 },
    ]);
    expect(await contentOf(taken, 'model.safetensors')).toEqual(weights.content);
  });

  it('names data sets and refs with slashes as Python does', async () => {
    const commit = hub.commit({ 'a.txt': 'a' }, 'refs/pr/1');
    const taken = await snapshot('hf:datasets/org/name@refs/pr/1', options());
    expect(taken.path).toBe(join(cacheDir, 'datasets--org--name', 'snapshots', commit));
    expect(await readFile(join(cacheDir, 'datasets--org--name/refs/refs/pr/1'), 'utf8')).toBe(commit);
    expect(hub.takeSeen()).toEqual([
      'hub GET /api/datasets/org/name/revision/refs%2Fpr%2F1',
      `hub GET /api/datasets/org/name/tree/${commit}`,
      `hub GET /datasets/org/name/resolve/${commit}/a.txt`,
    ]);
  });

  it('keeps one blob for equal contents', async () => {
    hub.commit({ a: 'same', b: 'same', 'c/d': 'same' }, 'main');
    const taken = await snapshot('hf:org/name', options({ concurrency: 8 }));
    expect(names(taken)).toEqual(['a', 'b', 'c/d']);
    expect(await blobs()).toHaveLength(1);
    expect(hub.seen.filter((seen) => seen.url.includes('/resolve/'))).toHaveLength(1);
  });

  it('moves and copies where there are no links, and does not ask again', async () => {
    const commit = hub.commit({ a: 'same', b: 'same', c: 'other' }, 'main');
    const taken = await snapshot('hf:org/name', options({}, { symlinks: false }));
    for (const [name, text] of [
      ['a', 'same'],
      ['b', 'same'],
      ['c', 'other'],
    ] as const) {
      expect((await lstat(join(taken.path, name))).isFile()).toBe(true);
      expect(await readFile(join(taken.path, name), 'utf8')).toBe(text);
    }
    expect(await blobs()).toEqual([]);
    await rm(join(taken.path, 'b'));
    hub.takeSeen();
    await snapshot(`hf:org/name@${commit}`, options({}, { symlinks: false }));
    expect(await readFile(join(taken.path, 'b'), 'utf8')).toBe('same');
    expect(hub.takeSeen()).toEqual([]);
  });

  it('uses blobs that are there already', async () => {
    hub.commit(files, 'main');
    await mkdir(join(repoDir, 'blobs'), { recursive: true });
    await writeFile(join(repoDir, 'blobs', sha256(weights.content)), weights.content);
    await snapshot('hf:org/name', options());
    expect(hub.takeSeen().filter((line) => line.includes('model.safetensors'))).toEqual([]);
  });

  it('replaces a blob that was cut, and a link to nothing', async () => {
    const commit = hub.commit(files, 'main');
    const taken = await snapshot('hf:org/name', options());
    await truncate(join(repoDir, 'blobs', sha256(weights.content)), 100);
    await rm(join(repoDir, 'blobs', gitOid(Buffer.from(config))));
    await snapshot(`hf:org/name@${commit}`, options());
    expect(await contentOf(taken, 'model.safetensors')).toEqual(weights.content);
    expect(await readFile(join(taken.path, 'config.json'), 'utf8')).toBe(config);
  });

  it('holds empty files', async () => {
    hub.commit({ empty: '', 'empty.bin': { content: new Uint8Array(), lfs: true } }, 'main');
    const taken = await snapshot('hf:org/name', options());
    expect(taken.files.map((file) => file.byteLength)).toEqual([0, 0]);
    expect((await stat(join(taken.path, 'empty'))).size).toBe(0);
    expect(await blobs()).toHaveLength(2);
  });
});

describe('revisions', () => {
  it('a commit that is there makes no request', async () => {
    const commit = hub.commit(files, 'main');
    await snapshot(`hf:org/name@${commit}`, options());
    hub.takeSeen();
    const again = await snapshot(`hf:org/name@${commit}`, options());
    expect(again).toMatchObject({ commit, listing: 'cached' });
    expect(names(again)).toEqual(Object.keys(files));
    expect(hub.takeSeen()).toEqual([]);
    // a commit needs no ref
    expect(await readdir(repoDir)).not.toContain('refs');
  });

  it('a branch makes one request, and none when the cache is preferred', async () => {
    const commit = hub.commit(files, 'main');
    await snapshot('hf:org/name', options());
    hub.takeSeen();
    await snapshot('hf:org/name', options());
    expect(hub.takeSeen()).toEqual(['hub GET /api/models/org/name/revision/main']);
    expect((await snapshot('hf:org/name', options({ preferCached: true }))).commit).toBe(commit);
    expect(hub.takeSeen()).toEqual([]);
  });

  it('a branch that moved brings the changed file only, and the old commit stays', async () => {
    const first = hub.commit(files, 'main');
    const before = await snapshot('hf:org/name', options());
    const second = hub.commit({ ...files, 'config.json': '{"changed": true}' }, 'main');
    hub.takeSeen();
    const after = await snapshot('hf:org/name', options());
    expect([before.commit, after.commit]).toEqual([first, second]);
    expect(hub.takeSeen().filter((line) => line.includes('resolve'))).toEqual([
      `hub GET /org/name/resolve/${second}/config.json`,
    ]);
    expect(await readFile(join(before.path, 'config.json'), 'utf8')).toBe(config);
    expect(await readFile(join(after.path, 'config.json'), 'utf8')).toBe('{"changed": true}');
    expect(await readFile(join(repoDir, 'refs/main'), 'utf8')).toBe(second);
  });

  it('an answer without a commit is refused', async () => {
    fault('/revision/', {
      status: 200,
      body: '{"sha": "../../x"}',
      headers: { 'content-type': 'application/json' },
    });
    await expectRefusal(() => snapshot('hf:org/name', options()), 'org/name', {
      error: FormatError,
      says: ['no commit'],
    });
  });

  it('a damaged ref in the cache is named', async () => {
    await mkdir(join(repoDir, 'refs'), { recursive: true });
    await writeFile(join(repoDir, 'refs/main'), '../../../etc');
    await expectRefusal(() => snapshot('hf:org/name', options({}, { offline: true })), join('refs', 'main'), {
      error: FormatError,
      says: ['names no commit', 'Delete the file'],
    });
  });
});

describe('choice of files', () => {
  it('filters by patterns', async () => {
    hub.commit({ ...files, 'sub/big.safetensors': 'x' }, 'main');
    const taken = await snapshot(
      'hf:org/name',
      options({ allowPatterns: ['*.safetensors', '*.json'], ignorePatterns: ['sub/'] }),
    );
    expect(names(taken)).toEqual(['config.json', 'model.safetensors']);
    expect(await tree(taken.path)).toEqual(['config.json', 'model.safetensors']);
  });

  it('says when nothing is wanted', async () => {
    hub.commit(files, 'main');
    await expectRefusal(() => snapshot('hf:org/name', options({ allowPatterns: ['*.gguf'] })), 'org/name', {
      error: NotFoundError,
      says: ['"*.gguf"', '"config.json"'],
    });
  });

  it('a file in the URI is asked alone, then needs no listing', async () => {
    const commit = hub.commit(files, 'main');
    const taken = await snapshot('hf:org/name/sub/notes.txt', options());
    expect(names(taken)).toEqual(['sub/notes.txt']);
    expect(hub.takeSeen()).toEqual([
      'hub GET /api/models/org/name/revision/main',
      `hub POST /api/models/org/name/paths-info/${commit}`,
      `hub GET /org/name/resolve/${commit}/sub/notes.txt`,
    ]);
    await snapshot({ repo: 'org/name', revision: commit, path: 'sub/notes.txt' }, options());
    expect(hub.takeSeen()).toEqual([]);
  });

  it('a folder in the URI gives its files', async () => {
    hub.commit(files, 'main');
    expect(names(await snapshot('hf:org/name/sub', options()))).toEqual(['sub/notes.txt']);
  });

  it('reads a listing in pages', async () => {
    hub.pageSize = 3;
    const many = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`f${i}`, `content ${i}`]));
    hub.commit(many, 'main');
    expect(names(await snapshot('hf:org/name', options()))).toEqual(Object.keys(many));
    expect(hub.takeSeen().filter((line) => line.includes('/tree/'))).toHaveLength(4);
  });

  it('asks for names with special characters', async () => {
    const odd = { 'a b#c?d%20.txt': 'x', 'é/日本.txt': 'y' };
    hub.commit(odd, 'main');
    const taken = await snapshot('hf:org/name', options());
    expect(names(taken)).toEqual(Object.keys(odd));
    expect(await readFile(join(taken.path, 'é/日本.txt'), 'utf8')).toBe('y');
  });

  it.each(['../evil', '/tmp/evil', 'a/../../../evil', 'a\\..\\evil', 'C:/evil', 'a//b', 'a\u0000b'])(
    'refuses a listing with the name %j',
    async (path) => {
      hub.commit(files, 'main');
      hub.extra = [{ type: 'file', path, size: 1, oid: 'a'.repeat(40) }];
      const error = { error: FormatError, says: ['bad file name', JSON.stringify(path)] };
      await expectRefusal(() => snapshot('hf:org/name', options()), 'org/name', error);
      expect(await tree(cacheDir)).toEqual([]);
    },
  );

  it.each([
    [{ size: -1 }, 'bad size'],
    [{ size: '5' }, 'bad size'],
    [{ oid: '../../x' }, 'bad object id'],
    [{ lfs: { oid: 'AA' } }, 'bad SHA-256'],
    [{ path: 7 }, 'bad file name'],
    [{ path: 'config.json' }, 'a file twice'],
  ])('refuses a listing with %j', async (entry, says) => {
    hub.commit(files, 'main');
    hub.extra = [{ type: 'file', path: 'x', size: 1, oid: 'a'.repeat(40), ...entry }];
    await expectRefusal(() => snapshot('hf:org/name', options()), 'org/name', {
      error: FormatError,
      says: [says],
    });
  });

  it('refuses a listing without end', async () => {
    hub.commit(files, 'main');
    const next = `<${hub.endpoint}/api/models/org/name/tree/again>; rel="next"`;
    const page = { status: 200, body: '[]', headers: { link: next } };
    fault('/tree/', { times: 5000, ...page });
    await expectRefusal(() => snapshot('hf:org/name', options()), 'org/name', {
      error: FormatError,
      says: ['too many pages'],
    });
  });

  it('an answer that is no JSON names the endpoint', async () => {
    fault('/tree/', { status: 200, body: '<html>login</html>' });
    hub.commit(files, 'main');
    await expectRefusal(() => snapshot('hf:org/name', options()), hub.endpoint, {
      error: HubRequestError,
      says: ['not understood', 'HF_ENDPOINT'],
    });
  });
});

describe('offline', () => {
  const offline = { offline: true };

  it('works from the cache without a request', async () => {
    const commit = hub.commit(files, 'main');
    await snapshot('hf:org/name', options());
    hub.takeSeen();
    const taken = await snapshot('hf:org/name', options({}, offline));
    expect(taken).toMatchObject({ commit, listing: 'cached' });
    expect(names(taken)).toEqual(Object.keys(files));
    expect(names(await snapshot('hf:org/name/config.json', options({}, offline)))).toEqual(['config.json']);
    expect(hub.takeSeen()).toEqual([]);
  });

  it('says that a revision is not known', async () => {
    const error = await failureOf(() => snapshot('hf:org/name@v9', options({}, offline)));
    expect(error).toBeInstanceOf(HubOfflineError);
    expect((error as Error).message).toContain('does not know revision "v9" of org/name');
    expect((error as Error).message).toContain('HF_HUB_CACHE');
    expect(hub.takeSeen()).toEqual([]);
  });

  it('names the files that are missing', async () => {
    hub.commit(files, 'main');
    await snapshot('hf:org/name', options({ allowPatterns: ['config.json'] }));
    const error = await failureOf(() => snapshot('hf:org/name', options({}, offline)));
    expect(error).toMatchObject({ code: 'HUB_OFFLINE', missing: ['model.safetensors', 'sub/notes.txt'] });
    expect((error as Error).message).toContain('lacks 2 files of org/name');
    expect(await snapshot('hf:org/name', options({ allowPatterns: ['*.json'] }, offline))).toMatchObject({
      listing: 'cached',
    });
  });

  it('reads a cache without a listing by looking into its folder, and says so', async () => {
    const commit = hub.commit(files, 'main');
    await snapshot('hf:org/name', options());
    await rm(join(repoDir, 'trees'), { recursive: true });
    await rm(join(repoDir, 'blobs', sha256(weights.content)));
    const taken = await snapshot('hf:org/name', options({}, offline));
    expect(taken).toMatchObject({ commit, listing: 'folder' });
    expect(names(taken)).toEqual(['config.json', 'sub/notes.txt']);
    const error = await failureOf(() => snapshot('hf:org/name/model.safetensors', options({}, offline)));
    expect(error).toMatchObject({ code: 'HUB_OFFLINE', missing: ['model.safetensors'] });
  });

  it('says that a commit has no folder', async () => {
    const commit = 'a'.repeat(40);
    await expectRefusal(() => snapshot(`hf:org/name@${commit}`, options({}, offline)), 'models--org--name', {
      error: HubOfflineError,
      says: [commit, 'has no file of org/name'],
    });
  });

  it('names a damaged listing', async () => {
    const commit = hub.commit(files, 'main');
    await snapshot('hf:org/name', options());
    await writeFile(
      join(repoDir, 'trees', `${commit}.json`),
      '{"format_version": 1, "files": {"../x": {"size": 1, "blob_id": "aa"}}}',
    );
    await expectRefusal(() => snapshot('hf:org/name', options({}, offline)), `${commit}.json`, {
      error: FormatError,
      says: [],
    });
    // a newer format is not ours to judge: the listing is asked again
    await writeFile(join(repoDir, 'trees', `${commit}.json`), '{"format_version": 2}');
    expect(await snapshot(`hf:org/name@${commit}`, options())).toMatchObject({ listing: 'hub' });
  });
});

describe('access', () => {
  it('sends the token to the endpoint and not to where it redirects', async () => {
    hub.token = token;
    hub.commit(files, 'main');
    await snapshot('hf:org/name', options({}, { token }));
    const sent = (server: string) =>
      hub.seen.filter((seen) => seen.server === server).map((seen) => seen.authorization);
    expect(new Set(sent('hub'))).toEqual(new Set([`Bearer ${token}`]));
    expect(sent('cdn')).toEqual([undefined]);
  });

  it('does not send the token to another host that a listing names', async () => {
    hub.token = token;
    hub.commit(files, 'main');
    fault('/tree/', { status: 200, body: '[]', headers: { link: `<${hub.cdn}/api/next>; rel="next"` } });
    fault('/api/next', { status: 200, body: '[]' });
    await failureOf(() => snapshot('hf:org/name', options({}, { token })));
    expect(hub.seen.at(-1)).toMatchObject({ server: 'cdn', url: '/api/next', authorization: undefined });
  });

  it('401 says how to pass a token', async () => {
    hub.token = token;
    const error = await failureOf(() => snapshot('hf:org/name', options()));
    expect(error).toBeInstanceOf(HubAccessError);
    expect(error).toMatchObject({ code: 'HUB_ACCESS', status: 401, repo: 'org/name' });
    expect((error as Error).message).toContain('private, gated, or does not exist');
    expect((error as Error).message).toContain('status 401 without a token');
    expect((error as Error).message).toContain('HF_TOKEN');
  });

  it('401 with a bad token says so and does not show it', async () => {
    fault('/revision/', {
      status: 401,
      headers: { 'x-error-message': 'Invalid credentials in Authorization header' },
    });
    const error = await failureOf(() => snapshot('hf:org/name', options({}, { token: 'hf_wrong' })));
    expect((error as Error).message).toContain('does not know the token');
    expect(String((error as Error).stack)).not.toContain('hf_wrong');
  });

  it('403 of a gated model names the page of its terms', async () => {
    hub.commit(files, 'main');
    fault('/resolve/', { status: 403, times: 9, headers: { 'x-error-code': 'GatedRepo' } });
    await expectRefusal(() => snapshot('hf:org/name', options({}, { token })), `${hub.endpoint}/org/name`, {
      error: HubAccessError,
      says: ['the repository org/name is gated', 'Accept its terms', 'with the token given'],
    });
  });

  it('a new signed address is asked when one has expired', async () => {
    hub.commit({ 'model.safetensors': weights }, 'main');
    fault('/blob/', { status: 403 });
    await snapshot('hf:org/name', options());
    expect(hub.takeSeen().filter((line) => line.includes('/resolve/'))).toHaveLength(2);
  });

  it.each([
    ['hf:no/where', 'no such model', '"no/where"'],
    ['hf:org/name@v9', 'no such revision', '"v9"'],
    ['hf:org/name@main/x.bin', 'no such file in revision "main"', '"x.bin"'],
    [`hf:org/name@${'b'.repeat(40)}`, 'no such revision', 'bbbb'],
  ])('404 says which is missing: %s', async (uri, problem, received) => {
    hub.commit(files, 'main');
    await expectRefusal(() => snapshot(uri, options()), received, { error: NotFoundError, says: [problem] });
  });

  it('404 without a code says what was asked', async () => {
    fault('/revision/', { status: 404 });
    await expectRefusal(() => snapshot('hf:org/name', options()), 'org/name', {
      error: NotFoundError,
      says: ['no such model or revision'],
    });
    hub.commit(files, 'main');
    fault('/resolve/', { status: 404, times: 9 });
    await expectRefusal(() => snapshot('hf:org/name', options({ concurrency: 1 })), 'config.json', {
      error: NotFoundError,
      says: ['no such file'],
    });
  });

  it('follows a renamed repository, and no endless redirect', async () => {
    hub.commit(files, 'main');
    fault('/api/models/old/name/revision', {
      status: 307,
      headers: { location: '/api/models/org/name/revision/main' },
    });
    fault('/api/models/old/name/tree', {
      status: 307,
      headers: { location: `/api/models/org/name/tree/${hub.revisions.get('main')}` },
    });
    fault('/old/name/resolve/', { status: 307, headers: { location: `/org/name/resolve/main/config.json` } });
    expect(names(await snapshot('hf:old/name', options({ allowPatterns: ['config.json'] })))).toEqual([
      'config.json',
    ]);
    fault('/revision/', {
      status: 302,
      times: 99,
      headers: { location: '/api/models/org/name/revision/main' },
    });
    await expectRefusal(() => snapshot('hf:org/name', options()), 'org/name', {
      error: HubRequestError,
      says: ['too many redirects'],
    });
  });

  it('refuses a redirect to something that is no web address', async () => {
    fault('/revision/', { status: 302, headers: { location: 'file:///etc/passwd' } });
    await expectRefusal(() => snapshot('hf:org/name', options()), 'org/name', {
      error: HubRequestError,
      says: ['refused a redirect'],
    });
  });
});

describe('retries', () => {
  it('waits longer each time, or as long as the Hub asks', async () => {
    hub.commit(files, 'main');
    fault('/revision/', { status: 503, times: 2 });
    fault('/revision/', { status: 429, headers: { 'retry-after': '7' } });
    fault('/tree/', { status: 429, headers: { ratelimit: '"api";r=0;t=55' } });
    await snapshot('hf:org/name', options());
    expect(pauses).toEqual([1000, 2000, 7000, 55_000]);
  });

  it('gives up after the last attempt', async () => {
    fault('/revision/', { status: 500, times: 99 });
    const error = await failureOf(() => snapshot('hf:org/name', options({ retries: 3 })));
    expect(error).toBeInstanceOf(HubRequestError);
    expect(error).toMatchObject({ code: 'HUB_REQUEST', status: 500 });
    expect(hub.seen).toHaveLength(4);
    expect(pauses).toEqual([1000, 2000, 4000]);
  });

  it('does not try again what cannot get better', async () => {
    fault('/revision/', { status: 400, headers: { 'x-error-message': 'Bad name' } });
    await expectRefusal(() => snapshot('hf:org/name', options()), 'org/name', {
      error: HubRequestError,
      says: ['received 400', '"Bad name"'],
    });
    expect(pauses).toEqual([]);
  });

  it('says that the Hub cannot be reached, and how to go on without it', async () => {
    const endpoint = hub.endpoint;
    await hub.stop();
    await expectRefusal(() => snapshot('hf:org/name', options()), endpoint, {
      error: HubRequestError,
      says: ['cannot reach the Hub', 'ECONNREFUSED', 'HF_HUB_OFFLINE'],
    });
    await hub.start();
  });

  it('gives up a connection that is silent', async () => {
    hub.commit(files, 'main');
    fault('/blob/', { hang: true });
    const taken = await snapshot('hf:org/name', options({}, { timeoutMs: 150 }));
    expect(await contentOf(taken, 'model.safetensors')).toEqual(weights.content);
    expect(pauses).toHaveLength(1);
  });
});

describe('downloads', () => {
  const partialPath = () => join(repoDir, 'blobs', `${sha256(weights.content)}.incomplete`);
  const one = { 'model.safetensors': weights };
  const ranges = () => hub.seen.filter((seen) => seen.server === 'cdn').map((seen) => seen.range);

  /** Leave a partial file, as an earlier attempt would. */
  async function leave(bytes: Uint8Array): Promise<void> {
    await mkdir(dirname(partialPath()), { recursive: true });
    await writeFile(partialPath(), bytes);
  }

  it('goes on after a cut, and the whole is checked', async () => {
    hub.commit(one, 'main');
    fault('/blob/', { cutAfter: 2000 });
    fault('/blob/', { cutAfter: 1000 });
    const taken = await snapshot('hf:org/name', options());
    expect(ranges()).toEqual([undefined, 'bytes=2000-', 'bytes=3000-']);
    expect(pauses).toHaveLength(2);
    expect(await contentOf(taken, 'model.safetensors')).toEqual(weights.content);
    expect(await blobs()).toEqual([sha256(weights.content)]);
  });

  it('gives up after too many cuts, and the next call goes on', async () => {
    hub.commit(one, 'main');
    fault('/blob/', { cutAfter: 600, times: 3 });
    await expectRefusal(() => snapshot('hf:org/name', options({ retries: 2 })), 'org/name', {
      error: HubRequestError,
      says: ['the connection to the Hub'],
    });
    expect((await stat(partialPath())).size).toBe(1800);
    await snapshot('hf:org/name', options());
    expect(ranges().at(-1)).toBe('bytes=1800-');
  });

  it('goes on from the file of another program', async () => {
    hub.commit(one, 'main');
    await leave(weights.content.subarray(0, 4000));
    const events: ProgressEvent[] = [];
    const taken = await snapshot('hf:org/name', options({ onProgress: (event) => events.push(event) }));
    expect(ranges()).toEqual(['bytes=4000-']);
    expect(events[1]).toMatchObject({ done: 4000, total: 5000 });
    expect(await contentOf(taken, 'model.safetensors')).toEqual(weights.content);
  });

  it('asks nothing for a partial file that is whole', async () => {
    hub.commit(one, 'main');
    await leave(weights.content);
    await snapshot('hf:org/name', options());
    expect(ranges()).toEqual([]);
  });

  it('starts again when the partial file is wrong or too long', async () => {
    for (const bytes of [new Uint8Array(3000), new Uint8Array(5000), new Uint8Array(6000)]) {
      await rm(repoDir, { recursive: true, force: true });
      hub.commits.clear();
      hub.commit(one, 'main');
      await leave(bytes);
      const taken = await snapshot('hf:org/name', options());
      expect(await contentOf(taken, 'model.safetensors')).toEqual(weights.content);
      expect(ranges().at(-1)).toBeUndefined();
    }
  });

  it('starts again with a server that ignores ranges', async () => {
    hub.commit(one, 'main');
    await leave(weights.content.subarray(0, 4000));
    fault('/blob/', { ignoreRange: true });
    const taken = await snapshot('hf:org/name', options());
    expect(await contentOf(taken, 'model.safetensors')).toEqual(weights.content);
    expect(ranges()).toEqual(['bytes=4000-']);
  });

  it('starts again when the server sends another range', async () => {
    hub.commit(one, 'main');
    await leave(weights.content.subarray(0, 4000));
    fault('/blob/', { status: 206, body: 'x', headers: { 'content-range': 'bytes 0-0/5000' } });
    const taken = await snapshot('hf:org/name', options());
    expect(await contentOf(taken, 'model.safetensors')).toEqual(weights.content);
    expect(ranges()).toEqual(['bytes=4000-', undefined]);
  });

  it('refuses a content with another SHA-256 and removes it', async () => {
    hub.commit(one, 'main');
    const other = weights.content.slice();
    other[4999]! ^= 1;
    fault('/blob/', { body: other });
    const error = await failureOf(() => snapshot('hf:org/name', options()));
    expect(error).toBeInstanceOf(HubIntegrityError);
    expect(error).toMatchObject({
      code: 'HUB_INTEGRITY',
      expected: sha256(weights.content),
      received: sha256(other),
    });
    expect((error as Error).message).toContain('"model.safetensors", org/name');
    expect(await blobs()).toEqual([]);
    expect(await readdir(repoDir)).not.toContain('refs');
    // the next call gets it right
    await snapshot('hf:org/name', options());
  });

  it('refuses a small file that changed on the server, by git object id', async () => {
    hub.commit({ 'config.json': config }, 'main');
    fault('/resolve/', { body: config.replace('8', '9') });
    await expectRefusal(() => snapshot('hf:org/name', options()), 'config.json', {
      error: HubIntegrityError,
      says: [gitOid(Buffer.from(config))],
    });
    expect(await blobs()).toEqual([]);
  });

  it('refuses more bytes than the listing says, and does not store them', async () => {
    hub.commit(one, 'main');
    fault('/blob/', { body: new Uint8Array(6_000_000) });
    await expectRefusal(() => snapshot('hf:org/name', options()), 'model.safetensors', {
      error: HubIntegrityError,
      says: ['longer than', 'expected 5000 bytes'],
    });
    expect(await blobs()).toEqual([]);
  });

  it('tries again when there are fewer bytes than the listing says', async () => {
    hub.commit({ 'config.json': config }, 'main');
    fault('/resolve/', { body: config.slice(0, 5), headers: { 'content-range': 'bytes 0-4/5' } });
    const taken = await snapshot('hf:org/name', options());
    expect(await readFile(join(taken.path, 'config.json'), 'utf8')).toBe(config);
    expect(hub.seen.at(-1)?.range).toBe('bytes=5-');
  });

  it('counts bytes from 0 to the total', async () => {
    hub.commit({ ...files, copy: config }, 'main');
    const events: ProgressEvent[] = [];
    await snapshot('hf:org/name', options({ onProgress: (event) => events.push(event) }));
    expect(events[0]).toEqual({ phase: 'download', done: 0, total: 5025, unit: 'bytes' });
    expect(events.at(-1)).toMatchObject({
      done: 5025,
      total: 5025,
      unit: 'bytes',
      detail: expect.any(String),
    });
    expect(events.every((event, i) => i === 0 || event.done >= events[i - 1]!.done)).toBe(true);
    events.length = 0;
    await snapshot('hf:org/name', options({ onProgress: (event) => events.push(event) }));
    expect(events).toEqual([{ phase: 'download', done: 5025, total: 5025, unit: 'bytes' }]);
  });

  it('keeps to the concurrency', async () => {
    const many = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`f${i}`, `content ${i}`]));
    hub.commit(many, 'main');
    let open = 0;
    let most = 0;
    const counting: typeof fetch = async (input, init) => {
      most = Math.max(most, ++open);
      await new Promise((done) => setTimeout(done, 10));
      return fetch(input, init).finally(() => open--);
    };
    await snapshot('hf:org/name', options({ concurrency: 3, fetch: counting }));
    expect(most).toBe(3);
  });

  it.each([0, 65, 1.5, Number.NaN])('refuses a concurrency of %s', async (concurrency) => {
    await expectRefusal(() => snapshot('hf:org/name', options({ concurrency })), 'concurrency', {
      error: InvalidInputError,
      says: ['from 1 to 64'],
    });
  });
});

describe('abort', () => {
  it('leaves what has arrived, and the next call goes on from it', async () => {
    hub.commit({ 'model.safetensors': weights }, 'main');
    fault('/blob/', { slowMs: 20 });
    const abort = new AbortController();
    const onProgress = (event: ProgressEvent) => {
      if (event.done >= 2000) abort.abort(new Error('enough'));
    };
    expect(
      await failureOf(() => snapshot('hf:org/name', options({ signal: abort.signal, onProgress }))),
    ).toMatchObject({ message: 'enough' });
    const [partial] = await blobs();
    expect(partial).toBe(`${sha256(weights.content)}.incomplete`);
    const { size } = await stat(join(repoDir, 'blobs', partial!));
    expect(size).toBeGreaterThanOrEqual(2000);
    expect(await tree(join(cacheDir, '.locks'))).toEqual([]);
    const taken = await snapshot('hf:org/name', options());
    expect(hub.seen.at(-1)?.range).toBe(`bytes=${size}-`);
    expect(await contentOf(taken, 'model.safetensors')).toEqual(weights.content);
  });

  it('before the start makes no request, and ends a pause', async () => {
    hub.commit(files, 'main');
    const reason = new Error('no');
    const signal = AbortSignal.abort(reason);
    expect(await failureOf(() => snapshot('hf:org/name', options({ signal })))).toBe(reason);
    expect(hub.seen).toEqual([]);
    fault('/revision/', { status: 503, headers: { 'retry-after': '100' } });
    const later = new AbortController();
    setTimeout(() => later.abort(reason), 50);
    const waiting = snapshot('hf:org/name', { settings: settings(), signal: later.signal });
    expect(await failureOf(() => waiting)).toBe(reason);
  });

  it('one failure stops the other files', async () => {
    hub.commit({ 'a.json': 'a', 'model.safetensors': weights }, 'main');
    fault('a.json', { status: 400 });
    fault('/blob/', { slowMs: 400 });
    const start = performance.now();
    expect(await failureOf(() => snapshot('hf:org/name', options()))).toMatchObject({ status: 400 });
    expect(performance.now() - start).toBeLessThan(1500);
    expect(await tree(join(cacheDir, '.locks'))).toEqual([]);
  });
});

describe('several at once', () => {
  const downloads = () => hub.seen.filter((seen) => seen.server === 'cdn').length;

  it('promises of one process download once', async () => {
    hub.commit(files, 'main');
    fault('/blob/', { slowMs: 10, times: 9 });
    const taken = await Promise.all([0, 1, 2].map(() => snapshot('hf:org/name', options())));
    expect(downloads()).toBe(1);
    for (const each of taken) expect(await contentOf(each, 'model.safetensors')).toEqual(weights.content);
  });

  it('processes download once', async () => {
    const commit = hub.commit(files, 'main');
    fault('/blob/', { slowMs: 60, times: 9 });
    const script = join(import.meta.dirname, '__fixtures__', 'snapshot-process.ts');
    const run = () =>
      new Promise<string>((done, fail) => {
        const args = [
          '--conditions=@bitcliff/source',
          '--no-warnings',
          script,
          hub.endpoint,
          cacheDir,
          'hf:org/name',
        ];
        const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
        let [out, err] = ['', ''];
        child.stdout.on('data', (chunk) => {
          out += chunk;
        });
        child.stderr.on('data', (chunk) => {
          err += chunk;
        });
        child.on('close', (code) => (code === 0 ? done(out) : fail(new Error(err))));
      });
    const folder = join(repoDir, 'snapshots', commit);
    expect(await Promise.all([run(), run()])).toEqual([folder, folder]);
    expect(downloads()).toBe(1);
    expect(await contentOf({ path: folder }, 'model.safetensors')).toEqual(weights.content);
    expect(await tree(join(cacheDir, '.locks'))).toEqual([]);
  });

  it('is not stopped by the lock files that Python leaves', async () => {
    hub.commit(files, 'main');
    const locks = join(cacheDir, '.locks', 'models--org--name');
    await mkdir(locks, { recursive: true });
    await writeFile(join(locks, `${sha256(weights.content)}.lock`), '');
    await snapshot('hf:org/name', options());
    expect(await readdir(locks)).toEqual([`${sha256(weights.content)}.lock`]);
  });

  it('does not write through a link that lies where a file goes', async () => {
    const commit = hub.commit({ 'config.json': config }, 'main');
    const outside = join(root, 'outside.txt');
    await writeFile(outside, 'keep');
    await mkdir(join(repoDir, 'snapshots', commit), { recursive: true });
    await symlink(outside, join(repoDir, 'snapshots', commit, 'config.json'));
    const taken = await snapshot('hf:org/name', options());
    expect(await readFile(outside, 'utf8')).toBe('keep');
    expect(await readFile(join(taken.path, 'config.json'), 'utf8')).toBe(config);
  });
});
