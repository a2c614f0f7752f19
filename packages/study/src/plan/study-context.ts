import type { HubSettings } from '@bitcliff/formats/hub';
import type { Kernels } from '@bitcliff/kernels';
import type { EngineOptions } from '@bitcliff/runtime';
import type { Study } from '../config/study-config.ts';
import type { InputOptions } from '../inputs/input-options.ts';
import type { StudyStore } from '../store/study-store.node.ts';

/** ONNX Runtime with its version: `onnxruntime-node`. */
export type StudyOrt = EngineOptions['ort'] & {
  readonly env: { readonly versions: { readonly common: string; readonly node?: string } };
};

/** What every part of a study's work needs. */
export interface StudyContext {
  readonly study: Study;
  /** Relative paths of the config are taken from here. */
  readonly folder: string;
  readonly store: StudyStore;
  readonly kernels: Kernels;
  readonly hub: HubSettings;
  /** How models are run. */
  readonly engine: Pick<
    EngineOptions,
    'ort' | 'threads' | 'memoryBudget' | 'executionProviders' | 'scratch' | 'kernels'
  >;
  /** What results may depend on beside their inputs; part of every key. */
  readonly engineIdentity: Readonly<Record<string, unknown>>;
  /** The rest of a manifest. */
  readonly environment: Readonly<Record<string, unknown>>;
  /** For things on the Hub. */
  readonly input: InputOptions;
}
