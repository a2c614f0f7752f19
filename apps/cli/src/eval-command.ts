import type { LongTaskOptions } from '@bitcliff/core';
import { type PreparedTask, prepareTask, resolveTasks, scoreTasks, TASKS } from '@bitcliff/evals';
import { loadTaskRows, type RowsProvenance } from '@bitcliff/evals/node';
import { BACKENDS, type BackendChoice, createKernels } from '@bitcliff/kernels';
import { RECIPES, type Recipe, resolveRecipes } from '@bitcliff/quantize';
import { type Checkpoint, createEngine } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import { type Command, InvalidArgumentError, Option } from 'commander';
import * as ort from 'onnxruntime-node';
import { renderEvalTable, summarize, type VariantResult } from './eval-report.ts';
import { localPath } from './local-path.ts';
import { createProgressLine } from './progress-line.ts';
import type { Terminal } from './terminal.ts';

/** The program that definitions follow (eval-spec.md). */
const HARNESS = 'lm-evaluation-harness 0.4.13.dev0 @ 4e7e0d4';

interface EvalOptions {
  readonly recipes: readonly string[];
  readonly tasks: readonly string[];
  readonly data: string;
  readonly limit?: number;
  readonly threads?: number;
  readonly memory: number;
  readonly kernels: BackendChoice;
  readonly json?: boolean;
}

/** `bitcliff eval`: score a checkpoint and its quantized variants on tasks. */
export function addEvalCommand(
  program: Command,
  context: { terminal: Terminal; signal: AbortSignal; version: string },
): void {
  program
    .command('eval')
    .description('Score a checkpoint, and what recipes make of it, on zero-shot tasks.')
    .argument(
      '<checkpoint>',
      'Hugging Face folder (config.json, weights, tokenizer.json), or hf:org/name[@revision]',
    )
    .requiredOption('--data <dir>', 'folder with the task data, such as <dir>/hellaswag/…')
    .addOption(namesOption('--recipes', 'variants beside the baseline', RECIPES, ['w8a8', 'w4']))
    .addOption(namesOption('--tasks', 'tasks to score', TASKS, ['hellaswag', 'lambada_openai']))
    .option('--limit <n>', 'only the first n rows of each task', count)
    .option('--threads <n>', 'threads inside one operator (default: the physical cores)', count)
    .option('--memory <GiB>', 'memory for hidden states and loaded blocks', gibibytes, 2)
    .addOption(
      new Option('--kernels <backend>', 'backend that quantizes the weights')
        .choices(['auto', ...BACKENDS])
        .default('auto'),
    )
    .option('--json', 'print the results as JSON')
    .addHelpText(
      'after',
      `
Scores are those of ${HARNESS}: context and continuation are tokenized jointly,
the tokenizer's default decides about a BOS token.

Example:
  $ bitcliff eval models/my-llama --data data --tasks hellaswag,lambada_openai --recipes w8a8,w4 --limit 300`,
    )
    .action(async (path: string, options: EvalOptions) => {
      const progress = createProgressLine(context.terminal.stderr);
      try {
        const record = await evaluateCheckpoint(path, options, {
          signal: context.signal,
          onProgress: (event) => progress.update(event),
        });
        progress.end();
        const full = { bitcliff: context.version, ...record };
        context.terminal.stdout.write(
          options.json ? `${JSON.stringify(full, null, 2)}\n` : renderText(record),
        );
      } finally {
        progress.end();
      }
    });
}

/** Everything one evaluation found, and what is needed to repeat it. */
interface EvalRecord {
  readonly harness: string;
  readonly checkpoint: {
    path: string;
    architecture: string;
    layers: number;
    hiddenSize: number;
    vocabularySize: number;
  };
  readonly settings: {
    maxLength: number;
    addBos: 'tokenizer default';
    softmax: string;
    threads: number | null;
  };
  readonly engine: { onnxruntime: string; executionProvider: string; kernels: string };
  readonly recipes: readonly Recipe[];
  readonly data: readonly (RowsProvenance & { task: string })[];
  readonly seconds: { prepare: number; score: number };
  readonly results: readonly VariantResult[];
  readonly summaries: ReturnType<typeof summarize>;
}

async function evaluateCheckpoint(
  path: string,
  options: EvalOptions,
  run: LongTaskOptions,
): Promise<EvalRecord> {
  const begin = performance.now();
  const recipes = resolveRecipes(options.recipes);
  const tasks = resolveTasks(options.tasks);
  const limit = options.limit === undefined ? {} : { limit: options.limit };
  const checkpoint = await openCheckpoint(await localPath(path, run));
  try {
    const tokenizer = await checkpoint.tokenizer();
    const maxLength = checkpoint.spec.maxPositions;
    const data: EvalRecord['data'][number][] = [];
    const prepared: PreparedTask[] = [];
    for (const task of tasks) {
      const { rows, provenance } = await loadTaskRows(task, options.data, limit);
      data.push({ task: task.name, ...provenance });
      prepared.push(prepareTask(task, rows, tokenizer, { maxLength }));
    }
    const prepareSeconds = (performance.now() - begin) / 1000;

    const kernels = await createKernels({ backend: options.kernels });
    const engine = await createEngine(checkpoint, {
      ort,
      recipes,
      kernels,
      threads: options.threads,
      memoryBudget: options.memory * 1024 ** 3,
    });
    try {
      const scored = await engine.score(
        prepared.flatMap(({ requests }) => requests),
        run,
      );
      const results = scored.map(({ variant, scores }) => ({ variant, tasks: scoreTasks(prepared, scores) }));
      return {
        harness: HARNESS,
        checkpoint: describeCheckpoint(checkpoint),
        settings: {
          maxLength,
          addBos: 'tokenizer default',
          softmax: 'f32, summed in f64',
          threads: options.threads ?? null,
        },
        engine: {
          onnxruntime: ort.env.versions.node ?? 'unknown',
          executionProvider: 'cpu',
          kernels: kernels.backend,
        },
        recipes,
        data,
        seconds: { prepare: prepareSeconds, score: (performance.now() - begin) / 1000 - prepareSeconds },
        results,
        summaries: summarize(results),
      };
    } finally {
      await engine.dispose();
      await kernels.dispose();
    }
  } finally {
    await checkpoint.close();
  }
}

function describeCheckpoint({ path, spec }: Checkpoint): EvalRecord['checkpoint'] {
  const { architecture, layers, hiddenSize, vocabularySize } = spec;
  return { path, architecture, layers, hiddenSize, vocabularySize };
}

function renderText({ checkpoint, settings, data, engine, results, seconds }: EvalRecord): string {
  const { architecture, layers, hiddenSize } = checkpoint;
  const lines = [
    `${checkpoint.path}: ${architecture}, ${layers} layers × ${hiddenSize}`,
    ...data.map(({ task, file, rowsUsed, rowsInFile }, t) => {
      const { truncated } = results[0]!.tasks[t]!;
      const cut =
        truncated === 0 ? '' : `; ${truncated} requests cut on the left to ${settings.maxLength} tokens`;
      return `${task}: ${rowsUsed} of ${rowsInFile} rows of ${file}${cut}`;
    }),
    '',
    renderEvalTable(results),
    `Scores in % ± standard error. onnxruntime ${engine.onnxruntime} on ${engine.executionProvider}, weights quantized on ${engine.kernels};`,
    `${seconds.prepare.toFixed(1)} s to prepare, ${seconds.score.toFixed(1)} s to score ${results.length} variants.`,
  ];
  return `${lines.join('\n')}\n`;
}

/** An option that takes known names with commas between them. */
function namesOption(
  flag: string,
  description: string,
  known: ReadonlyMap<string, unknown>,
  defaults: readonly string[],
): Option {
  return new Option(`${flag} <names>`, `${description}, of: ${[...known.keys()].join(', ')}`)
    .argParser(list)
    .default([...defaults], defaults.join(','));
}

function list(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new InvalidArgumentError('Expected names with commas between them.');
  return names;
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InvalidArgumentError('Expected an integer of at least 1.');
  return value;
}

function gibibytes(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0)
    throw new InvalidArgumentError('Expected a number of GiB above 0.');
  return value;
}
