/** @file Where the Hub is, who asks, and where its files are kept. Environment variables have the names and the order of huggingface_hub 1.33. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { InvalidInputError } from '@bitcliff/core';
import { quote } from '../internal/quote.ts';

/** What every operation on the Hub needs to know. Programs make it with `hubSettingsFromEnv(process.env)`. */
export interface HubSettings {
  /** Base URL of the Hub, without a slash at the end. */
  readonly endpoint: string;
  /** Access token; sent to the endpoint's own origin and nowhere else. */
  readonly token: string | undefined;
  /** Folder of the cache, absolute. */
  readonly cacheDir: string;
  /** Use the cache alone and make no request. */
  readonly offline: boolean;
  /** Link the files of a snapshot to their blobs. Without links they are moved or copied; that also happens where links fail. */
  readonly symlinks: boolean;
  /** Longest silence of a connection, in milliseconds. */
  readonly timeoutMs: number;
}

/** The public Hub. */
export const HUB_ENDPOINT = 'https://huggingface.co'; // huggingface_hub constants.py, _HF_DEFAULT_ENDPOINT

/** Longest silence of a connection. Longer than Python's 10 s: a listing of thousands of files takes the Hub that long. */
const TIMEOUT_MS = 30_000;

const op = 'hubSettingsFromEnv';

/**
 * Settings from environment variables; libraries do not read them by themselves.
 * Cache: `HF_HUB_CACHE`, else `HUGGINGFACE_HUB_CACHE`, else `HF_HOME`/hub, else `XDG_CACHE_HOME`/huggingface/hub, else
 * ~/.cache/huggingface/hub. Others: `HF_ENDPOINT`, `HF_TOKEN` (else `HUGGING_FACE_HUB_TOKEN`), `HF_HUB_OFFLINE` or
 * `TRANSFORMERS_OFFLINE`, `HF_HUB_DISABLE_SYMLINKS`, `HF_HUB_DOWNLOAD_TIMEOUT` in seconds. An empty variable counts as not set.
 * The file that `hf auth login` writes is not read.
 * @param env usually `process.env`; `{}` gives the defaults
 * @throws {InvalidInputError} when a variable has a value that makes no sense; a token is never quoted
 * @see huggingface_hub 1.33 constants.py
 * @example
 * const settings = hubSettingsFromEnv(process.env);
 */
export function hubSettingsFromEnv(env: Readonly<Record<string, string | undefined>>): HubSettings {
  const get = (name: string): string | undefined => env[name]?.trim() || undefined;
  const path = (name: string): string | undefined => {
    const value = get(name);
    return value === undefined ? undefined : expandPath(value, env);
  };
  const home = path('HF_HOME') ?? join(path('XDG_CACHE_HOME') ?? join(homeOf(env), '.cache'), 'huggingface');
  const cacheDir = path('HF_HUB_CACHE') ?? path('HUGGINGFACE_HUB_CACHE') ?? join(home, 'hub');
  const seconds = get('HF_HUB_DOWNLOAD_TIMEOUT');
  return checkHubSettings(op, {
    endpoint: get('HF_ENDPOINT') ?? HUB_ENDPOINT,
    token: get('HF_TOKEN') ?? get('HUGGING_FACE_HUB_TOKEN'),
    cacheDir,
    offline: isTrue(get('HF_HUB_OFFLINE') ?? get('TRANSFORMERS_OFFLINE')),
    symlinks: !isTrue(get('HF_HUB_DISABLE_SYMLINKS')),
    timeoutMs: seconds === undefined ? TIMEOUT_MS : Number(seconds) * 1000,
  });
}

/**
 * Settings in their normal form: endpoint without a slash at the end, cache folder absolute.
 * @throws {InvalidInputError} on an endpoint that is no http URL, a token that no header can carry, or a silly time limit
 */
export function checkHubSettings(operation: string, settings: HubSettings): HubSettings {
  const { token, timeoutMs } = settings;
  const refuse = (problem: string, expected: string, received: string): InvalidInputError =>
    new InvalidInputError({ op: operation, problem, expected, received });
  let url: URL | undefined;
  try {
    url = new URL(settings.endpoint);
  } catch {}
  const plain = url !== undefined && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '';
  if (url === undefined || !plain || url.username !== '' || url.password !== '') {
    // a password in the URL must not end in a log
    const received = settings.endpoint.includes('@') ? 'a URL with "@"' : quote(settings.endpoint);
    throw refuse('bad Hub endpoint', 'an http or https URL without user, query and fragment', received);
  }
  if (token !== undefined && !/^[\x21-\x7e]{1,4096}$/.test(token)) {
    throw refuse('bad Hub token', '1 to 4096 printable ASCII characters', `${token.length} characters`);
  }
  if (!(timeoutMs > 0 && timeoutMs <= 86_400_000)) {
    throw refuse('bad time limit of the Hub', 'over 0 s and at most 86400 s', `${timeoutMs / 1000} s`);
  }
  return { ...settings, endpoint: url.href.replace(/\/+$/, ''), cacheDir: resolve(settings.cacheDir) };
}

function isTrue(value: string | undefined): boolean {
  return value !== undefined && ['1', 'ON', 'YES', 'TRUE'].includes(value.toUpperCase()); // ENV_VARS_TRUE_VALUES
}

/** `~` first and `$NAME` or `${NAME}` anywhere, as Python's expanduser and expandvars. */
function expandPath(value: string, env: Readonly<Record<string, string | undefined>>): string {
  const homed = /^~(?=$|[/\\])/.test(value) ? homeOf(env) + value.slice(1) : value;
  return homed.replace(/\$(?:(\w+)|\{(\w+)\})/g, (all, bare, braced) => env[bare ?? braced] ?? all);
}

function homeOf(env: Readonly<Record<string, string | undefined>>): string {
  return env.HOME || env.USERPROFILE || homedir();
}
