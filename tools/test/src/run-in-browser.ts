/**
 * @file Runs a module in headless Chromium and returns what it reports, over HTTP alone: esbuild bundles the module, a server on this machine
 * hands out a page that loads it, and the module posts its result back. WebGPU and WebGL2 run on SwiftShader, so no GPU is needed. The page is
 * cross-origin isolated, so that WebAssembly may use threads.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** Flags that give every backend of gpu.js without a GPU. */
const FLAGS = [
  ...['--headless=new', '--no-sandbox', '--no-first-run', '--disable-dev-shm-usage', '--mute-audio'],
  ...['--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  ...['--enable-unsafe-webgpu', '--enable-features=Vulkan', '--use-webgpu-adapter=swiftshader'],
];

/** Path of a Chromium on this machine: BITCLIFF_CHROMIUM, or the first on PATH; or `undefined`. */
export function findChromium(): string | undefined {
  if (process.env.BITCLIFF_CHROMIUM) return process.env.BITCLIFF_CHROMIUM;
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of NAMES) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // not there
      }
    }
  }
  return undefined;
}

/**
 * Run a module in a page.
 * @param entry a TypeScript or JavaScript module that posts JSON to `/result` when it is done
 * @param options.timeout in milliseconds
 * @param options.folders served besides, by the first part of their URLs: `{ golden: folder }` gives `/golden/x.json` @default none
 * @param options.query for the page, as `location.search` @default none
 * @returns what it posted
 * @throws when Chromium ends or nothing is posted in time; the message has what the page logged
 */
export async function runInBrowser(
  entry: URL,
  options: {
    chromium: string;
    timeout: number;
    folders?: Readonly<Record<string, URL>>;
    query?: Readonly<Record<string, string>>;
  },
): Promise<unknown> {
  const bundle = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    conditions: ['@bitcliff/source'],
    logLevel: 'silent',
  });
  const profile = mkdtempSync(join(tmpdir(), 'bitcliff-chromium-'));
  const server = createServer();
  let browser: ChildProcess | undefined;
  try {
    return await new Promise((resolve, reject) => {
      const log: string[] = [];
      const fail = (reason: string): void => reject(new Error(`${reason}\n${log.slice(-20).join('\n')}`));
      const timer = setTimeout(
        () => fail(`the page posted nothing in ${options.timeout} ms`),
        options.timeout,
      );
      timer.unref();
      serve(
        server,
        { script: bundle.outputFiles[0]!.text, folders: options.folders ?? {} },
        (body) => resolve(JSON.parse(body)),
        (line) => log.push(line),
      );
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        const address = `http://127.0.0.1:${port}/?${new URLSearchParams(options.query ?? {})}`;
        const arguments_ = [...FLAGS, `--user-data-dir=${profile}`, address];
        browser = spawn(options.chromium, arguments_, { stdio: 'ignore' });
        browser.on('error', (error) => fail(`Chromium did not start: ${error.message}`));
        browser.on('exit', (code) => fail(`Chromium ended with code ${code}`));
      });
    });
  } finally {
    browser?.removeAllListeners('exit');
    await stopBrowser(browser);
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.npy': 'application/octet-stream',
  '.safetensors': 'application/octet-stream',
};

const PAGE = `<!doctype html><meta charset="utf-8"><title>bitcliff</title>
<script>
  const say = (text) => fetch('/log', { method: 'POST', body: String(text) });
  addEventListener('error', (event) => say(event.message));
  addEventListener('unhandledrejection', (event) => say(event.reason?.stack ?? event.reason));
  for (const level of ['error', 'warn', 'log']) {
    const print = console[level];
    console[level] = (...parts) => (print(...parts), say(level + ': ' + parts.join(' ')));
  }
</script>
<script type="module" src="/bundle.js"></script>`;

function serve(
  server: Server,
  { script, folders }: { script: string; folders: Readonly<Record<string, URL>> },
  onResult: (body: string) => void,
  onLog: (line: string) => void,
): void {
  server.on('request', async (request, response) => {
    if (request.method === 'POST') {
      const body = await readBody(request);
      response.end();
      if (request.url === '/result') onResult(body);
      else onLog(body);
      return;
    }
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const [, first, rest] = /^\/([^/]*)\/?(.*)$/.exec(pathname) ?? [];
    const folder = folders[first ?? ''];
    let body: string | Uint8Array | undefined;
    if (pathname === '/') body = PAGE;
    else if (pathname === '/bundle.js') body = script;
    else if (folder !== undefined) body = await readFile(new URL(`./${rest}`, folder)).catch(() => undefined);
    response.statusCode = body === undefined ? 404 : 200;
    response.setHeader('content-type', TYPES[extname(pathname)] ?? 'text/html');
    response.setHeader('cross-origin-opener-policy', 'same-origin');
    response.setHeader('cross-origin-embedder-policy', 'require-corp');
    response.end(body);
  });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString('utf8');
}

/** Ask the browser to end, and wait for it: its profile folder goes next. */
export async function stopBrowser(browser: ChildProcess | undefined): Promise<void> {
  if (browser === undefined || browser.exitCode !== null) return;
  const gone = new Promise((resolve) => browser.once('exit', resolve));
  browser.kill('SIGTERM');
  const timer = setTimeout(() => browser.kill('SIGKILL'), 5000);
  await gone;
  clearTimeout(timer);
}
