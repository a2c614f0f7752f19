import { Worker } from 'node:worker_threads';
import { BitcliffError, type BitcliffErrorFields } from '@bitcliff/core';
import type { Pretraining, PretrainingVariant } from './pretraining-config.ts';
import type { PretrainingEvent, RunOptions, RunResult } from './pretraining-event.ts';

/** What the thread says. */
export type WorkerMessage =
  | { readonly type: 'event'; readonly event: PretrainingEvent }
  | { readonly type: 'done'; readonly result: RunResult }
  | { readonly type: 'stopped' }
  | { readonly type: 'failed'; readonly fields: { readonly [F in keyof BitcliffErrorFields]?: unknown } }
  | { readonly type: 'failed'; readonly error: unknown };

/**
 * `runPretraining` in a thread of its own, on all cores, so that this one stays responsive.
 * @throws what `runPretraining` throws; an error of bitcliff arrives as a `BitcliffError` with the same fields
 * @example
 * const { variants } = pretraining;
 * for (const variant of variants) await pretrainInWorker(pretraining, variant, { onEvent: console.log });
 */
export async function pretrainInWorker(
  pretraining: Pretraining,
  variant: PretrainingVariant,
  { signal, onEvent }: RunOptions = {},
): Promise<RunResult> {
  signal?.throwIfAborted();
  // in the built package both files are .js side by side, in the sources .ts
  const fromSource = import.meta.url.endsWith('.ts');
  const url = new URL(fromSource ? './pretrain-worker.node.ts' : './pretrain-worker.js', import.meta.url);
  const worker = new Worker(url, {
    workerData: { pretraining, variant },
    ...(fromSource ? { execArgv: ['--conditions=@bitcliff/source'] } : {}),
  });
  const stop = (): void => worker.postMessage('stop');
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<RunResult>((resolve, reject) => {
      worker.on('error', reject);
      worker.on('exit', (code) => reject(new Error(`internal: the training thread ended with code ${code}`)));
      worker.on('message', (message: WorkerMessage) => {
        if (message.type === 'event') onEvent?.(message.event);
        else if (message.type === 'done') resolve(message.result);
        else if (message.type === 'stopped') reject(signal!.reason);
        else if ('error' in message) reject(message.error);
        else reject(new BitcliffError(defined(message.fields)));
      });
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    await worker.terminate();
  }
}

function defined(fields: { readonly [F in keyof BitcliffErrorFields]?: unknown }): BitcliffErrorFields {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as unknown as BitcliffErrorFields;
}
