/** @file The thread of `pretrainInWorker`. */
import { parentPort, workerData } from 'node:worker_threads';
import { BitcliffError } from '@bitcliff/core';
import type { WorkerMessage } from './pretrain-in-worker.node.ts';
import type { Pretraining, PretrainingVariant } from './pretraining-config.ts';
import { useAllCores } from './web-worker.node.ts';

const port = parentPort!;
const post = (message: WorkerMessage): void => port.postMessage(message);
const stop = new AbortController();
port.once('message', () => stop.abort());

useAllCores();
const { runPretraining } = await import('./run-pretraining.node.ts'); // loads jax-js
const { pretraining, variant } = workerData as { pretraining: Pretraining; variant: PretrainingVariant };
try {
  const options = {
    signal: stop.signal,
    onEvent: (event: Extract<WorkerMessage, { type: 'event' }>['event']) => post({ type: 'event', event }),
  };
  post({ type: 'done', result: await runPretraining(pretraining, variant, options) });
} catch (error) {
  if (stop.signal.aborted && error === stop.signal.reason) {
    post({ type: 'stopped' });
  } else if (BitcliffError.isInstance(error)) {
    const { code, op, problem, expected, received, where, path, hint } = error;
    post({ type: 'failed', fields: { code, op, problem, expected, received, where, path, hint } });
  } else {
    post({ type: 'failed', error });
  }
} finally {
  port.close();
}
