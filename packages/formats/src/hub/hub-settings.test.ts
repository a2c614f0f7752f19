import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { InvalidInputError } from '@bitcliff/core';
import { describe, expect, it } from 'vitest';
import { expectRefusal, failureOf } from '../../test/hostile.ts';
import { hubSettingsFromEnv } from './hub-settings.node.ts';

describe('hubSettingsFromEnv', () => {
  it('has the defaults of Python', () => {
    expect(hubSettingsFromEnv({})).toEqual({
      endpoint: 'https://huggingface.co',
      token: undefined,
      cacheDir: join(homedir(), '.cache', 'huggingface', 'hub'),
      offline: false,
      symlinks: true,
      timeoutMs: 30_000,
    });
  });

  it('takes the cache from the first variable that is set', () => {
    const env: Record<string, string> = { HOME: '/home/me' };
    const cacheDir = () => hubSettingsFromEnv(env).cacheDir;
    expect(cacheDir()).toBe(resolve('/home/me/.cache/huggingface/hub'));
    env.XDG_CACHE_HOME = '/xdg';
    expect(cacheDir()).toBe(resolve('/xdg/huggingface/hub'));
    env.HF_HOME = '/hf';
    expect(cacheDir()).toBe(resolve('/hf/hub'));
    env.HUGGINGFACE_HUB_CACHE = '/old';
    expect(cacheDir()).toBe(resolve('/old'));
    env.HF_HUB_CACHE = '/new';
    expect(cacheDir()).toBe(resolve('/new'));
    env.HF_HUB_CACHE = '';
    expect(cacheDir()).toBe(resolve('/old'));
  });

  it('expands ~ and variables in paths', () => {
    const env = { HOME: '/home/me', DISK: '/disk', HF_HOME: '$DISK/hf' };
    expect(hubSettingsFromEnv(env).cacheDir).toBe(resolve('/disk/hf/hub'));
    const braced = ['~/c/$', '{DISK}$NONE'].join('');
    expect(hubSettingsFromEnv({ ...env, HF_HUB_CACHE: braced }).cacheDir).toBe(
      resolve('/home/me/c/disk$NONE'),
    );
  });

  it('reads endpoint, token, offline, links and time limit', () => {
    const settings = hubSettingsFromEnv({
      HF_ENDPOINT: 'http://127.0.0.1:1/hub//',
      HF_TOKEN: ' hf_a\n',
      HUGGING_FACE_HUB_TOKEN: 'hf_b',
      HF_HUB_OFFLINE: 'yes',
      HF_HUB_DISABLE_SYMLINKS: '1',
      HF_HUB_DOWNLOAD_TIMEOUT: '2.5',
    });
    expect(settings).toMatchObject({
      endpoint: 'http://127.0.0.1:1/hub',
      token: 'hf_a',
      offline: true,
      symlinks: false,
      timeoutMs: 2500,
    });
    expect(hubSettingsFromEnv({ HUGGING_FACE_HUB_TOKEN: 'b', TRANSFORMERS_OFFLINE: 'True' })).toMatchObject({
      token: 'b',
      offline: true,
    });
    expect(hubSettingsFromEnv({ HF_HUB_OFFLINE: '0' }).offline).toBe(false);
  });

  it.each([
    [{ HF_ENDPOINT: 'huggingface.co' }, 'bad Hub endpoint'],
    [{ HF_ENDPOINT: 'ftp://x' }, 'bad Hub endpoint'],
    [{ HF_ENDPOINT: 'http://x/?a' }, 'bad Hub endpoint'],
    [{ HF_HUB_DOWNLOAD_TIMEOUT: 'soon' }, 'bad time limit'],
    [{ HF_HUB_DOWNLOAD_TIMEOUT: '0' }, 'bad time limit'],
  ])('refuses %j', async (env, says) => {
    await expectRefusal(() => hubSettingsFromEnv(env), '', { error: InvalidInputError, says: [says] });
  });

  it('never shows a secret', async () => {
    const token = await failureOf(() => hubSettingsFromEnv({ HF_TOKEN: 'hf_se cret' }));
    expect((token as Error).message).toContain('bad Hub token');
    expect((token as Error).message).not.toContain('cret');
    const password = await failureOf(() => hubSettingsFromEnv({ HF_ENDPOINT: 'https://me:secret@x' }));
    expect((password as Error).message).not.toContain('secret');
  });
});
