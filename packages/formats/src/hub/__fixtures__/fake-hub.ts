/**
 * @file A Hub on loopback: revisions, listings in pages, files with ranges, large files behind a redirect to a second server, and faults on
 * demand. Headers and error codes follow what huggingface_hub 1.33 expects (`utils/_http.py`, `file_download.py`).
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeFile {
  readonly content: Uint8Array;
  /** Stored as a large file: listed with its SHA-256 and served by the second server. */
  readonly lfs: boolean;
}

/** One request that arrived. */
export interface Seen {
  readonly server: 'hub' | 'cdn';
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

/** What goes wrong with the next requests whose address contains `match`. */
export interface Fault {
  readonly match: string;
  /** @default 1 */
  times?: number;
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  /** Cut the connection after so many bytes of the body. */
  readonly cutAfter?: number;
  readonly ignoreRange?: boolean;
  /** Send the headers and then nothing. */
  readonly hang?: boolean;
  /** Wait so long with each piece of 1000 bytes. */
  readonly slowMs?: number;
}

export class FakeHub {
  readonly seen: Seen[] = [];
  readonly faults: Fault[] = [];
  /** Commits by revision. */
  readonly revisions: Map<string, string> = new Map<string, string>();
  readonly commits: Map<string, Map<string, FakeFile>> = new Map<string, Map<string, FakeFile>>();
  /** Only this token opens the repository. */
  token: string | undefined;
  /** Extra raw entries of the listing. */
  extra: unknown[] = [];
  pageSize = 1000;
  repo = 'org/name';
  endpoint = '';
  cdn = '';
  private readonly servers: Server[] = [];

  async start(): Promise<void> {
    this.endpoint = await this.listen('hub', (request, response) => this.hub(request, response));
    this.cdn = await this.listen('cdn', (request, response) => this.serveCdn(request, response));
  }

  async stop(): Promise<void> {
    for (const server of this.servers) {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  }

  /** Add a commit and let revisions name it. @returns the commit */
  commit(files: Record<string, string | Uint8Array | FakeFile>, ...revisions: string[]): string {
    const entries = Object.entries(files).map(([name, file]): [string, FakeFile] => {
      const plain = typeof file === 'string' ? new TextEncoder().encode(file) : file;
      return [name, plain instanceof Uint8Array ? { content: plain, lfs: false } : plain];
    });
    const hash = createHash('sha1').update(String(this.commits.size));
    for (const [name, file] of entries) hash.update(name).update(file.content);
    const commit = hash.digest('hex');
    this.commits.set(commit, new Map(entries));
    for (const revision of revisions) this.revisions.set(revision, commit);
    return commit;
  }

  /** Addresses of the requests, without the query, since the last call. */
  takeSeen(): string[] {
    return this.seen.splice(0).map(({ server, method, url }) => `${server} ${method} ${url.split('?')[0]}`);
  }

  private async listen(name: Seen['server'], handle: (q: IncomingMessage, s: ServerResponse) => void): Promise<string> {
    const server = createServer((request, response) => {
      const { method = '', url = '', headers } = request;
      this.seen.push({ server: name, method, url, authorization: headers.authorization, range: headers.range });
      const fault = this.faults.find((f) => url.includes(f.match) && (f.times ?? 1) > 0);
      if (fault !== undefined) fault.times = (fault.times ?? 1) - 1;
      if (fault?.status !== undefined) {
        response.writeHead(fault.status, fault.headers).end(fault.body ?? '');
        return;
      }
      (request as { fault?: Fault | undefined }).fault = fault;
      handle(request, response);
    });
    this.servers.push(server);
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  private hub(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url!, this.endpoint);
    const path = url.pathname.replace('/datasets/', '/models/').replace(/^\/models\//, '/');
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) {
      response.writeHead(401, { 'x-error-message': 'Invalid username or password.' }).end();
      return;
    }
    const info = path.match(/^\/api\/models\/([^/]+\/[^/]+)\/(revision|tree|paths-info)\/([^/]+)$/);
    const resolve = path.match(/^\/([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/);
    const repo = info?.[1] ?? resolve?.[1];
    if (repo !== this.repo) {
      response.writeHead(404, { 'x-error-code': 'RepoNotFound' }).end();
      return;
    }
    const revision = decodeURIComponent(info?.[3] ?? resolve![2]!);
    const commit = this.revisions.get(revision) ?? revision;
    const files = this.commits.get(commit);
    if (files === undefined) {
      response.writeHead(404, { 'x-error-code': 'RevisionNotFound' }).end();
    } else if (resolve !== null) {
      this.resolve(request, response, files, commit, decodeURIComponent(resolve[3]!));
    } else if (info![2] === 'revision') {
      json(response, { _id: 'x', id: repo, sha: commit, private: false, lastModified: '2024-01-01T00:00:00.000Z' });
    } else if (info![2] === 'tree') {
      this.tree(response, files, url);
    } else {
      this.pathsInfo(request, response, files);
    }
  }

  private entries(files: Map<string, FakeFile>): unknown[] {
    const folders = new Set([...files.keys()].flatMap((name) => (name.includes('/') ? [name.split('/')[0]] : [])));
    const list = [...folders].map((path) => ({ type: 'directory', path, oid: 'f'.repeat(40), size: 0 }) as unknown);
    for (const [path, file] of files) {
      const size = file.content.length;
      const lfs = { oid: sha256(file.content), size, pointerSize: 130 };
      const oid = gitOid(file.lfs ? new TextEncoder().encode(`pointer to ${lfs.oid}`) : file.content);
      list.push(file.lfs ? { type: 'file', path, oid, size, lfs } : { type: 'file', path, oid, size });
    }
    return [...list, ...this.extra];
  }

  private tree(response: ServerResponse, files: Map<string, FakeFile>, url: URL): void {
    const all = this.entries(files);
    const start = Number(url.searchParams.get('cursor') ?? 0);
    const end = start + this.pageSize;
    if (end < all.length) {
      url.searchParams.set('cursor', String(end));
      response.setHeader('link', `<${url.href}>; rel="next"`);
    }
    json(response, all.slice(start, end));
  }

  private pathsInfo(request: IncomingMessage, response: ServerResponse, files: Map<string, FakeFile>): void {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { paths } = JSON.parse(body) as { paths: string[] };
      json(response, this.entries(files).filter((entry) => paths.includes((entry as { path: string }).path)));
    });
  }

  private resolve(
    request: IncomingMessage,
    response: ServerResponse,
    files: Map<string, FakeFile>,
    commit: string,
    name: string,
  ): void {
    const file = files.get(name);
    response.setHeader('x-repo-commit', commit);
    if (file === undefined) {
      response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
    } else if (file.lfs) {
      const etag = sha256(file.content);
      response.setHeader('x-linked-etag', `"${etag}"`);
      response.setHeader('x-linked-size', file.content.length);
      response.writeHead(302, { location: `${this.cdn}/blob/${etag}?signature=secret` }).end();
    } else {
      response.setHeader('etag', `"${gitOid(file.content)}"`);
      send(request, response, file.content);
    }
  }

  private serveCdn(request: IncomingMessage, response: ServerResponse): void {
    const etag = request.url!.slice('/blob/'.length).split('?')[0];
    for (const files of this.commits.values()) {
      for (const { content } of files.values()) {
        if (sha256(content) === etag) return void send(request, response, content);
      }
    }
    response.writeHead(404).end();
  }
}

function send(request: IncomingMessage, response: ServerResponse, original: Uint8Array): void {
  const { fault } = request as { fault?: Fault };
  const content = typeof fault?.body === 'string' ? new TextEncoder().encode(fault.body) : (fault?.body ?? original);
  const range = fault?.ignoreRange ? null : /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const start = range === null ? 0 : Number(range[1]);
  const part = content.subarray(start);
  if (range !== null) response.setHeader('content-range', `bytes ${start}-${content.length - 1}/${content.length}`);
  for (const [name, value] of Object.entries(fault?.headers ?? {})) response.setHeader(name, value);
  response.writeHead(range === null ? 200 : 206, { 'content-length': part.length });
  if (request.method === 'HEAD') return void response.end();
  if (fault?.hang) return void response.flushHeaders();
  if (fault?.cutAfter !== undefined) {
    response.write(part.subarray(0, fault.cutAfter), () => setTimeout(() => response.destroy(), 20));
    return;
  }
  if (fault?.slowMs === undefined) return void response.end(part);
  let at = 0;
  const timer = setInterval(() => {
    if (at >= part.length || response.destroyed) {
      clearInterval(timer);
      response.end();
    } else {
      response.write(part.subarray(at, at + 1000));
      at += 1000;
    }
  }, fault.slowMs);
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

export function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** Git's object id of a file. */
export function gitOid(content: Uint8Array): string {
  return createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
}

/** A large file with bytes that differ. */
export function largeFile(length: number, seed: number = 1): FakeFile {
  const content = new Uint8Array(length);
  for (let i = 0, state = seed; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    content[i] = state >>> 24;
  }
  return { content, lfs: true };
}
