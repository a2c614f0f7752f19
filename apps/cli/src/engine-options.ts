/** @file The options of every command that runs a model, and the engine that they describe. */
import { totalmem } from 'node:os';
import { type Checkpoint, createEngine, type Engine, type EngineOptions } from '@bitcliff/runtime';
import { createScratchFile } from '@bitcliff/runtime/node';
import { type Command, InvalidArgumentError } from 'commander';
import * as ort from 'onnxruntime-node';

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

/** The engine that a command line asks for. */
export function openEngine(
  checkpoint: Checkpoint,
  flags: EngineFlags,
  options: Pick<EngineOptions, 'recipes' | 'kernels' | 'baseline'>,
): Promise<Engine> {
  return createEngine(checkpoint, {
    ort,
    threads: flags.threads,
    memoryBudget: flags.memory * 2 ** 30,
    executionProviders: flags.provider,
    scratch: createScratchFile,
    ...options,
  });
}

/** For commander. @throws {InvalidArgumentError} */
export function parseCount(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('Expected an integer of at least 1.');
}

/** Token ids with commas between. @throws {InvalidArgumentError} */
export function parseIds(text: string): number[] {
  const ids = text.split(',').map((part) => Number(part.trim() === '' ? Number.NaN : part));
  if (ids.every((id) => Number.isSafeInteger(id) && id >= 0)) return ids;
  throw new InvalidArgumentError('Expected integers from 0 with commas between them.');
}

/** For commander. @throws {InvalidArgumentError} */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('Expected a number.');
}

function parseGibibytes(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('Expected a number of GiB above 0.');
}
