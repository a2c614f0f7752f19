/**
 * @file jax-js runs its kernels on several threads where the Web API `Worker` exists when it is loaded; Node has `worker_threads` instead. Each element of a
 * result is computed by one thread from start to end, so results do not depend on the number of threads.
 */
import { resolveObjectURL } from 'node:buffer';
import { Worker as NodeWorker } from 'node:worker_threads';

const PRELUDE = `
const { parentPort } = require('node:worker_threads');
globalThis.self = globalThis;
globalThis.postMessage = (message) => parentPort.postMessage(message);
parentPort.on('message', (data) => self.onmessage({ data }));
`;

class WebWorker {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: ((event: { message: string }) => void) | null = null;
  readonly #worker: Promise<NodeWorker>;

  /** @param url an object URL of a script, as `URL.createObjectURL` gives */
  constructor(url: string) {
    const source = resolveObjectURL(url)!;
    this.#worker = source.text().then((text) => {
      const worker = new NodeWorker(PRELUDE + text, { eval: true });
      worker.on('message', (data) => {
        worker.unref(); // an idle worker must not keep the process alive
        this.onmessage?.({ data });
      });
      worker.on('error', (error) => this.onerror?.({ message: String(error) }));
      return worker;
    });
  }

  postMessage(message: unknown): void {
    void this.#worker.then((worker) => {
      worker.ref();
      worker.postMessage(message); // every message has one reply
    });
  }
}

/**
 * Let jax-js use all cores. Call it before `@jax-js/jax`, or anything that imports it, is loaded, so load those with `import()`.
 * @example
 * useAllCores();
 * const { init } = await import('@jax-js/jax');
 */
export function useAllCores(): void {
  Object.assign(globalThis, { Worker: WebWorker });
}
