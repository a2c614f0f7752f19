/** @file The options of every command that runs a model, and the engine that they describe. */
import { totalmem } from 'node:os';
import { type Checkpoint, createEngine, type Engine, type EngineOptions } from '@bitcliff/runtime';
import { createScratchFile } from '@bitcliff/runtime/node';
import type { Command } from 'commander';
import * as ort from 'onnxruntime-node';
import { parseCount, parseGibibytes } from './option-values.ts';

/** What {@link addEngineOptions} adds to a command's options. */
export interface EngineFlags {
  readonly threads?: number;
  /** GiB. */
  readonly memory: number;
  readonly provider: readonly string[];
}

/** Half of the machine's memory, in GiB, at least 2. */
const DEFAULT_MEMORY = Math.max(2, Math.floor(totalmem() / 2 ** 31));

/** Add `--threads`, `--memory` and `--provider`. */
export function addEngineOptions(command: Command): Command {
  return command
    .option('--threads <n>', 'threads inside one operator (default: the physical cores)', parseCount)
    .option(
      '--memory <GiB>',
      'memory that the process may take; hidden states beyond it go to a scratch file',
      parseGibibytes,
      DEFAULT_MEMORY,
    )
    .option(
      '--provider <names>',
      'execution providers of ONNX Runtime in order of preference, such as cuda,cpu',
      (text: string) => text.split(','),
      ['cpu'],
    );
}

/** How a command line wants models to be run. */
export function engineSettings(
  flags: EngineFlags,
): Pick<EngineOptions, 'ort' | 'threads' | 'memoryBudget' | 'executionProviders' | 'scratch'> {
  return {
    ort,
    threads: flags.threads,
    memoryBudget: flags.memory * 2 ** 30,
    executionProviders: flags.provider,
    scratch: createScratchFile,
  };
}

/** The engine that a command line asks for. */
export function openEngine(
  checkpoint: Checkpoint,
  flags: EngineFlags,
  options: Pick<EngineOptions, 'recipes' | 'kernels' | 'baseline' | 'quantized'>,
): Promise<Engine> {
  return createEngine(checkpoint, { ...engineSettings(flags), ...options });
}
