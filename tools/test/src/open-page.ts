/**
 * @file Opens a page, such as a file on disk, in headless Chromium and drives it: click, press, hover, look, and count what it asked the network for. Speaks
 * the DevTools protocol over a pipe, so no port is open and no package is needed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { stopBrowser } from './run-in-browser.ts';

/** How to open a page. */
export interface PageOptions {
  readonly chromium: string;
  /** CSS pixels. */
  readonly width: number;
  readonly height: number;
  /** Prefer dark colours. @default false */
  readonly dark?: boolean;
  /** A phone: touch, and the viewport that the page asks for. @default false */
  readonly mobile?: boolean;
}

/** An open page. */
export interface OpenPage {
  /** Value of a JavaScript expression, by JSON; promises are waited for. */
  evaluate<T>(expression: string): Promise<T>;
  /** Press and release at the middle of the first element that matches, scrolled into view. */
  click(selector: string): Promise<void>;
  /** Move the mouse to the middle of it. */
  hover(selector: string): Promise<void>;
  /** Tap it with a finger. */
  tap(selector: string): Promise<void>;
  /** Press a key, by its name in DOM events. */
  press(key: string): Promise<void>;
  /** PNG of the viewport. */
  screenshot(): Promise<Uint8Array>;
  /** Messages of errors so far: exceptions, console errors, blocked content. */
  readonly errors: readonly string[];
  /** Addresses that it asked for so far. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--no-first-run',
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--hide-scrollbars',
];

/** Open a page and wait until it is loaded. @throws when Chromium ends, or reports an error */
export async function openPage(url: URL, options: PageOptions): Promise<OpenPage> {
  const profile = mkdtempSync(join(tmpdir(), 'bitcliff-chromium-'));
  const browser = spawn(
    options.chromium,
    [...FLAGS, '--remote-debugging-pipe', `--user-data-dir=${profile}`],
    {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    },
  );
  const close = async (): Promise<void> => {
    await stopBrowser(browser);
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    return await drive(url, options, browser, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function drive(
  url: URL,
  options: PageOptions,
  browser: ChildProcess,
  close: () => Promise<void>,
): Promise<OpenPage> {
  const { width, height, dark = false, mobile = false } = options;
  const errors: string[] = [];
  const requests: string[] = [];
  let loaded = (): void => {};
  const isLoaded = new Promise<void>((resolve) => {
    loaded = resolve;
  });
  const send = connect(browser, (method, parameters) => {
    if (method === 'Page.loadEventFired') loaded();
    if (method === 'Network.requestWillBeSent')
      requests.push(String((parameters.request as { url: string }).url));
    const isError =
      method === 'Runtime.exceptionThrown' ||
      (method === 'Log.entryAdded' && (parameters.entry as { level: string }).level === 'error') ||
      (method === 'Runtime.consoleAPICalled' && parameters.type === 'error');
    if (isError) errors.push(JSON.stringify(parameters));
  });
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
  const call = (method: string, parameters: object = {}): Promise<Reply> =>
    send(method, parameters, String(sessionId));
  for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await call(`${domain}.enable`);
  await call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile });
  await call('Emulation.setTouchEmulationEnabled', { enabled: mobile });
  const scheme = { name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' };
  await call('Emulation.setEmulatedMedia', { features: [scheme] });
  await call('Page.navigate', { url: url.href });
  await isLoaded;

  const evaluate = async <T>(expression: string): Promise<T> => {
    const reply = await call('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    if (reply.exceptionDetails !== undefined) throw new Error(JSON.stringify(reply.exceptionDetails));
    return (reply.result as { value: T }).value;
  };
  const middle = (selector: string): Promise<{ x: number; y: number }> =>
    evaluate(`(() => {
      const element = document.querySelector(${JSON.stringify(selector)});
      element.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
      const { left, top, width, height } = element.getBoundingClientRect();
      return { x: left + width / 2, y: top + height / 2 };
    })()`);
  const mouse = (type: string, at: { x: number; y: number }, more: object = {}): Promise<Reply> =>
    call('Input.dispatchMouseEvent', { type, ...at, ...more });
  return {
    evaluate,
    async click(selector) {
      const at = await middle(selector);
      await mouse('mouseMoved', at);
      for (const type of ['mousePressed', 'mouseReleased'])
        await mouse(type, at, { button: 'left', clickCount: 1 });
    },
    async hover(selector) {
      await mouse('mouseMoved', await middle(selector));
    },
    async tap(selector) {
      const at = await middle(selector);
      await call('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [at] });
      await call('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    },
    async press(key) {
      const text = key === 'Enter' ? { text: '\r' } : {};
      for (const type of ['keyDown', 'keyUp'])
        await call('Input.dispatchKeyEvent', { type, key, code: key, ...CODES[key], ...text });
    },
    async screenshot() {
      return Buffer.from(String((await call('Page.captureScreenshot')).data), 'base64');
    },
    errors,
    requests,
    close,
  };
}

const CODES: Readonly<Record<string, object>> = {
  Enter: { windowsVirtualKeyCode: 13 },
  ArrowRight: { windowsVirtualKeyCode: 39 },
};

type Reply = Readonly<Record<string, unknown>>;
type Send = (method: string, parameters?: object, sessionId?: string) => Promise<Reply>;

/** Commands over the pipe: JSON that ends in a zero byte, on the third and fourth file of the process. */
function connect(browser: ChildProcess, onEvent: (method: string, parameters: Reply) => void): Send {
  const [output, input] = [browser.stdio[3] as Writable, browser.stdio[4] as Readable];
  const waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
  let rest = '';
  input.setEncoding('utf8').on('data', (text: string) => {
    const messages = (rest + text).split('\0');
    rest = messages.pop()!;
    for (const message of messages) {
      const { id, result, error, method, params } = JSON.parse(message);
      if (id === undefined) onEvent(method, params);
      else if (error === undefined) waiting.get(id)?.resolve(result);
      else waiting.get(id)?.reject(new Error(`Chromium: ${error.message}`));
      waiting.delete(id);
    }
  });
  const fail = (reason: string): void => {
    for (const { reject } of waiting.values()) reject(new Error(reason));
    waiting.clear();
  };
  browser.on('error', (error) => fail(`Chromium did not start: ${error.message}`));
  browser.on('exit', (code) => fail(`Chromium ended with code ${code}`));
  output.on('error', () => {}); // the process is gone: `exit` says so
  let last = 0;
  return (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      last++;
      waiting.set(last, { resolve, reject });
      output.write(
        `${JSON.stringify({ id: last, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`,
      );
    });
}
