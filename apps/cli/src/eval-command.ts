import { stat } from 'node:fs/promises';
import { InvalidInputError } from '@bitcliff/core';
import { GENERATED_TASKS, TASK_GROUPS, TASKS } from '@bitcliff/evals';
import { BACKENDS } from '@bitcliff/kernels';
import { RECIPES } from '@bitcliff/quantize';
import { type Command, Option } from 'commander';
import { CALIBRATION_HELP, CALIBRATION_SOURCES } from './calibration.ts';
import { addEngineOptions } from './engine-options.ts';
import { renderDivergenceTable } from './eval-divergence.ts';
import { renderEvalTable } from './eval-report.ts';
import { type EvalOptions, type EvalRecord, evaluateCheckpoint, HARNESS } from './evaluate-checkpoint.ts';
import { parseCount, parseNames, parseSeed } from './option-values.ts';
import { createProgressLine } from './progress-line.ts';
import { storeResults } from './store-results.ts';
import type { Terminal } from './terminal.ts';

interface EvalCommandOptions extends EvalOptions {
  readonly out?: string;
  readonly json?: boolean;
}

/** `bitcliff eval`: score a checkpoint and its quantized variants on tasks. */
export function addEvalCommand(
  program: Command,
  context: { terminal: Terminal; signal: AbortSignal; version: string },
): void {
  const command = program
    .command('eval')
    .description('Score a checkpoint, and what recipes make of it, on zero-shot tasks.')
    .argument(
      '<checkpoint>',
      'Hugging Face folder (config.json, weights, tokenizer.json), or hf:org/name[@revision]',
    )
    .requiredOption(
      '--data <dir>',
      'folder with the task data, such as <dir>/hellaswag/…; hf:datasets/org/name that holds one; hf: for the data sets of the tasks',
    )
    .addOption(
      namesOption(
        '--recipes',
        'variants beside the baseline: files that end in .json, and names',
        RECIPES.keys(),
        ['w8a8', 'w4'],
      ),
    )
    .addOption(
      namesOption(
        '--tasks',
        'tasks or groups to score',
        [...TASKS.keys(), ...GENERATED_TASKS.keys(), ...TASK_GROUPS.keys()],
        ['hellaswag', 'lambada_openai'],
      ),
    )
    .option('--define <module>', 'file that exports tasks made by defineTask; repeatable', collect, [])
    .option('--limit <n>', 'only n rows of each task, the first ones', parseCount)
    .option('--seed <n>', 'with --limit: rows drawn at random by this seed', parseSeed)
    .option('--skip-bad-rows', 'leave bad rows out, and count them')
    .addOption(choiceOption('--profile <name>', 'whose prompts: 0.4.13 or 0.3.0', ['lmeval', 'classic']))
    .addOption(choiceOption('--bos <when>', 'BOS before prompts', ['tokenizer', 'always', 'never']))
    .addOption(choiceOption('--rolling-bos <how>', 'BOS of whole texts', ['once', 'lmeval']))
    .option('--max-length <n>', "longest model input, tokens (default: the model's maximum)", parseCount)
    .option(
      '--bootstrap-iters <n>',
      "the harness's bootstrap for perplexity (default: a formula)",
      parseCount,
    )
    .addOption(
      choiceOption('--kernels <backend>', 'backend that quantizes the weights', ['auto', ...BACKENDS]),
    )
    .option('--out <dir>', 'store results and samples of each variant in <dir>/<variant>, for compare')
    .option(
      '--calibration <source>',
      `for recipes that need it: ${CALIBRATION_SOURCES} (rows of tasks from --data)`,
    )
    .option('--calibration-samples <n>', 'calibration windows', parseCount, 64)
    .option(
      '--calibration-length <n>',
      'tokens of a window (default: 512, or the positions of the model)',
      parseCount,
    )
    .option('--calibration-seed <n>', 'of the calibration windows', parseSeed, 0)
    .option('--divergence', 'add KL divergence and top-token agreement with the baseline, token by token')
    .option('--json', 'print the results as JSON');
  addEngineOptions(command)
    .addHelpText(
      'after',
      `
Scores are those of ${HARNESS}: context and continuation are tokenized jointly,
the tokenizer's default decides about a BOS token. lambada_openai_generated and
lambada_standard_generated let the model write up to ten tokens and compare the first word (exact_match, our definition).

Groups: ${[...TASK_GROUPS].map(([name, tasks]) => `${name} = ${tasks.join(', ')}`).join('\n        ')}
${CALIBRATION_HELP}

Examples:
  $ bitcliff eval models/my-llama --data data --tasks hellaswag,lambada_openai --recipes w8a8,w4 --limit 300
  $ bitcliff eval models/my-llama --data data --tasks piqa --recipes gptq-w4g128 --calibration task:piqa:train`,
    )
    .action(async (path: string, options: EvalCommandOptions) => {
      const { stdout, stderr } = context.terminal;
      if (options.out !== undefined) await refuseExisting(options.out);
      const progress = createProgressLine(stderr);
      try {
        const record = await evaluateCheckpoint(path, options, {
          signal: context.signal,
          onProgress: (event) => progress.update(event),
        });
        progress.end();
        if (options.out !== undefined) await storeResults(options.out, record);
        const full = { bitcliff: context.version, ...record };
        stdout.write(options.json ? `${JSON.stringify(full, null, 2)}\n` : renderText(record, options.out));
      } finally {
        progress.end();
      }
    });
}

function renderText(record: EvalRecord, out: string | undefined): string {
  const { checkpoint, settings, data, engine, results, seconds } = record;
  const { architecture, layers, hiddenSize } = checkpoint;
  const lines = [
    `${checkpoint.path}: ${architecture}, ${layers} layers × ${hiddenSize}`,
    ...data.map(({ task, files, rowsUsed, rowsInFile, skipped }, t) => {
      const { truncated, continuationsCut } = results[0]!.tasks[t]!;
      const names = files.slice(0, 2).map(({ name }) => name);
      const source = names.join(', ') + (files.length > 2 ? ` and ${files.length - 2} more` : '');
      return [
        `${task}: ${rowsUsed} of ${rowsInFile} rows of ${source}`,
        ...(skipped.length === 0 ? [] : [`${skipped.length} bad rows left out`]),
        ...(truncated === 0 ? [] : [`${truncated} requests cut on the left to ${settings.maxLength} tokens`]),
        ...(continuationsCut === 0 ? [] : [`${continuationsCut} of them into the continuation`]),
      ].join('; ');
    }),
    ...(settings.appendsSpecialTokens
      ? ['Note: the tokenizer puts special tokens behind texts; they are scored, as in the harness.']
      : []),
    '',
    renderEvalTable(results),
    ...(record.divergence === null ? [] : [renderDivergenceTable(record.divergence)]),
    `Scores in % (perplexities as they are) ± standard error. onnxruntime ${engine.onnxruntime} on ${engine.executionProvider}, weights quantized on ${engine.kernels};`,
    `${[
      `${seconds.prepare.toFixed(1)} s to prepare`,
      `${seconds.score.toFixed(1)} s to score ${results.length} variants`,
      ...(seconds.generate < 0.05 ? [] : [`${seconds.generate.toFixed(1)} s to generate`]),
    ].join(', ')}.`,
    ...(record.calibration === null ? [] : [renderCalibration(record.calibration, seconds.quantize)]),
    ...(out === undefined ? [] : [`Stored in ${out}.`]),
  ];
  return `${lines.join('\n')}\n`;
}

function renderCalibration(
  { source, sequences, tokens, tokenHash }: NonNullable<EvalRecord['calibration']>,
  seconds: number,
): string {
  return `Calibrated on ${source}: ${sequences} windows, ${tokens} tokens, hash ${tokenHash.slice(0, 16)}; ${seconds.toFixed(1)} s to quantize.`;
}

/** Before hours of work, not after them. */
async function refuseExisting(out: string): Promise<void> {
  const exists = await stat(out).then(
    () => true,
    () => false,
  );
  if (!exists) return;
  throw new InvalidInputError({
    op: 'eval',
    problem: 'the folder exists',
    expected: 'a new folder',
    where: '--out',
    path: out,
  });
}

/** An option that takes known names with commas between them. */
function namesOption(
  flag: string,
  description: string,
  known: Iterable<string>,
  defaults: readonly string[],
): Option {
  return new Option(`${flag} <names>`, `${description}, of: ${[...known].join(', ')}`)
    .argParser(parseNames)
    .default([...defaults], defaults.join(','));
}

/** An option that takes one of some words, the first by default. */
function choiceOption(flags: string, description: string, choices: readonly string[]): Option {
  return new Option(flags, description).choices(choices).default(choices[0]);
}

function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
