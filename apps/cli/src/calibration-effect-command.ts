import { type CalibrationEffect, type CalibrationSet, calibrationEffect } from '@bitcliff/analysis';
import type { LongTaskOptions } from '@bitcliff/core';
import { createKernels } from '@bitcliff/kernels';
import type { Recipe } from '@bitcliff/quantize';
import type { Checkpoint } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import { readRecipes } from '@bitcliff/study/node';
import type { Command } from 'commander';
import { CALIBRATION_HELP, readCalibration } from './calibration.ts';
import { renderCalibrationEffect } from './calibration-effect-tables.ts';
import { addEngineOptions, type EngineFlags, engineSettings } from './engine-options.ts';
import { localPath } from './local-path.ts';
import { parseCount, parseNames } from './option-values.ts';
import { printable } from './printable.ts';
import { withProgress } from './progress-line.ts';
import { addTaskScoreOptions, openTaskScore, type TaskScoreOptions } from './task-score-options.ts';
import type { Terminal } from './terminal.ts';
import {
  addTextOptions,
  describeText,
  readTextSequences,
  type TextFlags,
  type TextRecord,
} from './text-sequences.ts';

interface CalibrationEffectFlags extends EngineFlags, TextFlags, TaskScoreOptions {
  readonly text: string;
  readonly recipe: string;
  readonly calibration: readonly string[];
  readonly calibrationSamples: number;
  readonly calibrationLength?: number;
  readonly calibrationSeeds: number;
  readonly json?: boolean;
}

/** What `bitcliff calibration-effect --json` prints. */
interface CalibrationEffectRun extends CalibrationEffect {
  readonly checkpoint: string;
  readonly recipe: Recipe;
  readonly text: TextRecord;
  readonly calibration: { readonly samples: number; readonly length: number };
}

/** `bitcliff calibration-effect`: one recipe, several calibration sets and seeds. */
export function addCalibrationEffectCommand(
  program: Command,
  context: { terminal: Terminal; signal: AbortSignal },
): void {
  const command = program
    .command('calibration-effect')
    .description('Quantize with several calibration sets and seeds, and measure how much the choice matters.')
    .argument('<checkpoint>', 'Hugging Face folder, .gguf file, or hf:org/name[@revision]')
    .requiredOption('--recipe <name>', 'a recipe that needs calibration, name or .json file')
    .requiredOption('--calibration <sources>', 'calibration sets, with commas between them', parseNames)
    .option('--calibration-seeds <n>', 'draws from each set, by the seeds 0 to n − 1', parseCount, 3)
    .option('--calibration-samples <n>', 'windows of each draw', parseCount, 64)
    .option(
      '--calibration-length <n>',
      'tokens of a window (default: 512, or the positions of the model)',
      parseCount,
    );
  addTextOptions(command, { required: true });
  addTaskScoreOptions(command).option('--json', 'print all records as JSON');
  addEngineOptions(command)
    .addHelpText(
      'after',
      `
--text is what losses are measured on: its windows should not be those of a calibration set.
${CALIBRATION_HELP}

Example:
  $ bitcliff calibration-effect models/my-llama --text wiki.txt --recipe awq-w3g128 --calibration c4.txt,random-tokens`,
    )
    .action(async (path: string, flags: CalibrationEffectFlags) => {
      const { stdout, stderr } = context.terminal;
      const run = await withProgress(stderr, context.signal, (task) => measure(path, flags, task));
      stdout.write(flags.json ? `${JSON.stringify(run)}\n` : render(run));
    });
}

async function measure(
  path: string,
  flags: CalibrationEffectFlags,
  task: LongTaskOptions,
): Promise<CalibrationEffectRun> {
  const [recipe] = await readRecipes([flags.recipe]);
  const checkpoint = await openCheckpoint(await localPath(path, task));
  const kernels = await createKernels();
  try {
    const { sequences, text } = await readTextSequences(flags.text, flags, checkpoint);
    const evaluate = await openTaskScore('calibration-effect', checkpoint, flags, task);
    const sets = await drawSets(checkpoint, flags, task);
    const setup = { ...engineSettings(flags), ...task, kernels, evaluate };
    const found = await calibrationEffect(checkpoint, sequences, { ...setup, recipe: recipe!, sets });
    return {
      checkpoint: checkpoint.path,
      recipe: recipe!,
      text,
      calibration: { samples: flags.calibrationSamples, length: sets[0]!.sequences[0]!.length },
      ...found,
    };
  } finally {
    await kernels.dispose();
    await checkpoint.close();
  }
}

/** Every source with every seed. */
async function drawSets(
  checkpoint: Checkpoint,
  flags: CalibrationEffectFlags,
  task: LongTaskOptions,
): Promise<CalibrationSet[]> {
  const { calibrationSamples: samples, calibrationLength: length, data, threads, memory, provider } = flags;
  const common = {
    samples,
    memory,
    provider,
    ...(length === undefined ? {} : { length }),
    ...(data === undefined ? {} : { data }),
    ...(threads === undefined ? {} : { threads }),
  };
  const sets: CalibrationSet[] = [];
  for (const name of flags.calibration) {
    for (let seed = 0; seed < flags.calibrationSeeds; seed++) {
      const sequences = await readCalibration(checkpoint, { ...common, calibration: name, seed }, task);
      sets.push({ name, seed, sequences });
    }
  }
  return sets;
}

function render(run: CalibrationEffectRun): string {
  const lines = [
    `${printable(run.checkpoint)}, ${run.recipe.name}, ${describeText(run.text)}.`,
    `Calibrated on ${run.calibration.samples} windows of ${run.calibration.length} tokens.`,
  ];
  return `${lines.join('\n')}\n\n${renderCalibrationEffect(run)}`;
}
