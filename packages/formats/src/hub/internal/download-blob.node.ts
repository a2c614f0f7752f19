/**
 * @file Bring one file of the Hub to disk: into `<blob>.incomplete`, from where an earlier attempt stopped, hashed on the way,
 * renamed when it is whole and right. `downloadFile` of `@huggingface/hub` does not resume, does not check, and would send the token
 * along; so this asks `/resolve/` itself.
 */
import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { quote } from '../../internal/quote.ts';
import { HubIntegrityError, HubRequestError } from '../hub-errors.ts';
import { type HubClient, TransientFailure } from './hub-client.ts';
import { encodePath, type ListedFile } from './repo-listing.ts';

/** Bytes after which a connection that then broke does not count as a failed attempt. */
const PROGRESS_BYTES = 2 ** 20;

/** Bytes of one read when the start of a partial file is hashed. */
const READ_BYTES = 2 ** 20;

export interface BlobDownload {
  readonly client: HubClient;
  readonly commit: string;
  readonly file: ListedFile;
  readonly partial: string;
  readonly blob: string;
  /** Bytes of this file on disk so far; less than before when it has to start again. */
  readonly onBytes: (bytes: number) => void;
}

/**
 * Download a blob, or what is missing of it.
 * @throws {HubIntegrityError} when the bytes are not those of the listing; the partial file is removed
 * @throws {HubRequestError} when the retries are used up; the partial file stays, the next call goes on from it
 */
export async function downloadBlob(download: BlobDownload): Promise<void> {
  const { partial, blob, file } = download;
  await mkdir(dirname(blob), { recursive: true });
  const handle = await openPartial(partial);
  try {
    let state = await resumePartial(handle, file);
    const resumed = state.length > 0;
    download.onBytes(state.length);
    await receive(download, handle, state);
    let mismatch = hashMismatch(state);
    if (mismatch !== undefined && resumed) {
      // the bytes of an earlier attempt may be what is wrong: one attempt from the start decides
      state = await restart(handle, file);
      download.onBytes(0);
      await receive(download, handle, state);
      mismatch = hashMismatch(state);
    }
    if (mismatch !== undefined)
      throw wrong(download, 'the content is not what the repository lists', ...mismatch);
    await handle.sync();
    await handle.close();
    await rename(partial, blob);
  } catch (error) {
    await handle.close().catch(() => {}); // closed already when it is the rename that failed
    if (error instanceof HubIntegrityError) await rm(partial, { force: true });
    if (error instanceof TransientFailure) throw error.error;
    throw error;
  }
}

/** What is on disk: the first `length` bytes are those that went through the hash. */
interface State {
  length: number;
  hash: Hash;
  expected: string;
}

/** Receive until all bytes are there, with retries. */
async function receive(download: BlobDownload, handle: FileHandle, state: State): Promise<void> {
  const { client, file } = download;
  const budget = client.retryBudget();
  while (state.length < file.size) {
    const before = state.length;
    try {
      await receiveOnce(download, handle, state);
      if (state.length < file.size) {
        throw cut(download, 'the connection to the Hub ended early', `${file.size} bytes`, state.length);
      }
    } catch (error) {
      if (!(error instanceof TransientFailure)) throw error;
      if (state.length - before >= PROGRESS_BYTES) budget.reset();
      await budget.pause(error);
    }
  }
}

/** One request for the bytes that are missing. */
async function receiveOnce(download: BlobDownload, handle: FileHandle, state: State): Promise<void> {
  const { client, commit, file } = download;
  const { endpoint, location } = client.options;
  const folder = location.type === 'dataset' ? 'datasets/' : '';
  const url = `${endpoint}/${folder}${location.repo}/resolve/${commit}/${encodePath(file.name)}`;
  const from = state.length;
  // compressed answers have another length, and no ranges
  const headers = { 'accept-encoding': 'identity', ...(from > 0 ? { range: `bytes=${from}-` } : {}) };
  const body = await client.open(url, headers, { what: 'file', file: file.name });
  const rest = `bytes ${from}-${file.size - 1}/${file.size}`;
  const coding = body.headers.get('content-encoding') ?? 'identity';
  const goesOn = body.status === 206 && body.headers.get('content-range') === rest && coding === 'identity';
  if (!goesOn && from > 0) {
    // the server knows no ranges: what it sends begins at the start, or is of no use
    Object.assign(state, await restart(handle, file));
    download.onBytes(0);
  }
  if (!goesOn && body.status !== 200) {
    await body.close();
    throw cut(download, 'the Hub sends another range than asked', rest, `status ${body.status}`);
  }
  for await (const chunk of body.chunks()) {
    if (chunk.byteLength > file.size - state.length) {
      const expected = `${file.size} bytes`;
      throw wrong(download, 'the file is longer than the repository lists', expected, 'more');
    }
    await writeAll(handle, chunk, state.length);
    state.hash.update(chunk);
    state.length += chunk.byteLength;
    download.onBytes(state.length);
  }
}

/** Expected and received hash, when they differ. */
function hashMismatch(state: State): [expected: string, received: string] | undefined {
  const received = state.hash.digest('hex');
  return received === state.expected ? undefined : [state.expected, received];
}

async function openPartial(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return open(path, 'w+');
  }
}

/** Hash what an earlier attempt left. Longer than the file can be, it is of no use. */
async function resumePartial(handle: FileHandle, file: ListedFile): Promise<State> {
  const { size } = await handle.stat();
  if (size > file.size) return restart(handle, file);
  const state: State = { length: 0, ...newHash(file) };
  const buffer = new Uint8Array(Math.min(READ_BYTES, size));
  while (state.length < size) {
    const { bytesRead } = await handle.read(
      buffer,
      0,
      Math.min(buffer.length, size - state.length),
      state.length,
    );
    if (bytesRead === 0) break;
    state.hash.update(buffer.subarray(0, bytesRead));
    state.length += bytesRead;
  }
  return state;
}

async function restart(handle: FileHandle, file: ListedFile): Promise<State> {
  await handle.truncate(0);
  return { length: 0, ...newHash(file) };
}

/** The hash that names the content: SHA-256 of a large file, git's object id of a small one. */
function newHash(file: ListedFile): { hash: Hash; expected: string } {
  if (file.sha256 !== undefined) return { hash: createHash('sha256'), expected: file.sha256 };
  // git hashes a header first; its repositories use SHA-1, or SHA-256 with ids of 64 digits
  const hash = createHash(file.oid.length === 40 ? 'sha1' : 'sha256').update(`blob ${file.size}\0`);
  return { hash, expected: file.oid };
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  let done = 0;
  while (done < bytes.byteLength) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.byteLength - done, position + done);
    done += bytesWritten;
  }
}

function cut(
  { client, file }: BlobDownload,
  problem: string,
  expected: string,
  received: string | number,
): TransientFailure {
  const { op, location } = client.options;
  const fields = { op, problem, expected, received, where: quote(file.name), path: location.repo };
  return new TransientFailure(new HubRequestError(fields), undefined, false);
}

function wrong(
  download: BlobDownload,
  problem: string,
  expected: string,
  received: string,
): HubIntegrityError {
  const { op, location } = download.client.options;
  const hint = 'Try again; if it repeats, the endpoint or a proxy changes the file';
  const where = quote(download.file.name);
  return new HubIntegrityError({ op, problem, expected, received, where, path: location.repo, hint });
}
