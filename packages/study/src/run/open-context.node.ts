/** @file What a study runs with: its store, kernels, and a description of both for keys and manifests. */
import { availableParallelism, cpus, totalmem } from 'node:os';
import type { LongTaskOptions } from '@bitcliff/core';
import type { HubSettings } from '@bitcliff/formats/hub';
import { createKernels } from '@bitcliff/kernels';
import { createScratchFile } from '@bitcliff/runtime/node';
import packageJson from '../../package.json' with { type: 'json' };
import type { Study } from '../config/study-config.ts';
import type { StudyContext, StudyOrt } from '../plan/study-context.ts';
import { openStudyStore } from '../store/study-store.node.ts';

/** A study and where it is. */
export interface OpenStudyOptions extends LongTaskOptions {
  readonly study: Study;
  /** Folder of its config: relative paths are taken from there. */
  readonly folder: string;
  /** File of the store. */
  readonly store: string;
  /** `onnxruntime-node`. */
  readonly ort: StudyOrt;
  readonly hub: HubSettings;
  /** Processes that share the machine's cores and memory. @default 1 */
  readonly workers?: number | undefined;
}

/** Open all of it; the caller closes it. */
export async function openContext(
  options: OpenStudyOptions,
): Promise<StudyContext & { close(): Promise<void> }> {
  const { study, folder, ort, hub, signal, onProgress, workers = 1 } = options;
  const { memory, threads, providers, kernels: backend } = study.engine;
  const store = openStudyStore(options.store);
  const kernels = await createKernels({ backend });
  const bytes = memory === null ? Math.max(2 * 2 ** 30, totalmem() / 2) : memory * 2 ** 30;
  const { common, node } = ort.env.versions;
  return {
    ...{ study, folder, store, kernels, hub },
    input: { signal, onProgress, hub },
    engine: {
      ort,
      kernels,
      threads:
        threads ?? (workers === 1 ? undefined : Math.max(1, Math.floor(availableParallelism() / workers))),
      memoryBudget: Math.floor(bytes / workers),
      executionProviders: providers,
      scratch: createScratchFile,
    },
    engineIdentity: { onnxruntime: node ?? common, providers, kernels: kernels.backend },
    environment: {
      bitcliff: packageJson.version,
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
      cpu: cpus()[0]?.model ?? 'unknown',
      threads: threads ?? null,
      workers,
    },
    async close() {
      await kernels.dispose();
      store.close();
    },
  };
}
