import { writeFile } from 'node:fs/promises';
import {
  type BlockImportanceRecord,
  blockImportance,
  type MixedPrecision,
  measureLoss,
  mixedPrecision,
  type NoiseRecord,
  noiseControl,
  openQuantized,
  type SensitivityAnalysis,
  type SensitivityUnit,
  sensitivity,
  type VariantLoss,
} from '@bitcliff/analysis';
import { InvalidInputError, type LongTaskOptions } from '@bitcliff/core';
import { createKernels } from '@bitcliff/kernels';
import type { Recipe } from '@bitcliff/quantize';
import { openCheckpoint } from '@bitcliff/runtime/node';
import { readRecipes } from '@bitcliff/study/node';
import { type Command, Option } from 'commander';
import { addEngineOptions, type EngineFlags, engineSettings } from './engine-options.ts';
import { localPath } from './local-path.ts';
import { parseCount, parseNames, parseNumber } from './option-values.ts';
import { printable } from './printable.ts';
import { withProgress } from './progress-line.ts';
import { renderControls, renderMixed, renderSensitivity } from './sensitivity-tables.ts';
import { createTaskScore } from './task-score.ts';
import type { Terminal } from './terminal.ts';
import {
  addTextOptions,
  describeText,
  readTextSequences,
  type TextFlags,
  type TextRecord,
} from './text-sequences.ts';

interface SensitivityFlags extends EngineFlags, TextFlags {
  readonly text: string;
  readonly recipes: readonly string[];
  readonly by: SensitivityUnit;
  readonly tasks?: readonly string[];
  readonly data?: string;
  readonly limit?: number;
  readonly averageBits?: number;
  readonly save?: string;
  readonly controls?: boolean;
  readonly json?: boolean;
}

/** What `bitcliff sensitivity --json` prints. */
interface SensitivityRun extends SensitivityAnalysis {
  readonly checkpoint: string;
  readonly text: TextRecord;
  readonly recipes: readonly Recipe[];
  /** `null` without `--average-bits`. */
  readonly mixed: (MixedPrecision & { readonly losses: readonly VariantLoss[] }) | null;
  /** `null` without `--controls`. */
  readonly controls: {
    readonly blocks: readonly BlockImportanceRecord[];
    readonly noise: readonly NoiseRecord[];
  } | null;
}

/** `bitcliff sensitivity`: which part of a model pays for its bits. */
export function addSensitivityCommand(
  program: Command,
  context: { terminal: Terminal; signal: AbortSignal },
): void {
  const command = program
    .command('sensitivity')
    .description('Quantize each part of a checkpoint alone, and measure what it costs on a text.')
    .argument('<checkpoint>', 'Hugging Face folder, .gguf file, or hf:org/name[@revision]');
  addTextOptions(command, { required: true });
  command
    .option('--recipes <names>', 'how parts are quantized, each recipe in turn', parseNames, [
      'rtn-w3g64',
      'rtn-w4g64',
      'rtn-w8g64',
    ])
    .addOption(
      new Option('--by <part>', 'what is quantized alone')
        .choices(['matrix', 'layer', 'role'])
        .default('matrix'),
    )
    .option('--tasks <names>', 'add the mean score of these tasks', parseNames)
    .option('--data <dir>', 'with --tasks: folder with their data, as for eval')
    .option('--limit <n>', 'with --tasks: only n rows of each', parseCount)
    .option(
      '--average-bits <bits>',
      'choose a recipe for each part: the least KL divergence with these bits at most',
      parseNumber,
    )
    .option('--save <file>', 'with --average-bits: write the chosen recipe as JSON')
    .option(
      '--controls',
      'add the loss without each block, and that of noise as large as the quantization error',
    )
    .option('--json', 'print all records as JSON');
  addEngineOptions(command)
    .addHelpText(
      'after',
      `
Example:
  $ bitcliff sensitivity models/my-llama --text wiki.txt --recipes rtn-w3g64,rtn-w8g64 --average-bits 4.5 --save mixed.json`,
    )
    .action(async (path: string, flags: SensitivityFlags) => {
      const { stdout, stderr } = context.terminal;
      const run = await withProgress(stderr, context.signal, (task) => runSensitivity(path, flags, task));
      if (flags.save !== undefined && run.mixed !== null)
        await writeFile(flags.save, `${JSON.stringify(run.mixed.recipe, null, 2)}\n`);
      stdout.write(flags.json ? `${JSON.stringify(run)}\n` : render(run, flags.save));
    });
}

async function runSensitivity(
  path: string,
  flags: SensitivityFlags,
  task: LongTaskOptions,
): Promise<SensitivityRun> {
  checkTaskFlags(flags);
  const recipes = await readRecipes(flags.recipes);
  const checkpoint = await openCheckpoint(await localPath(path, task));
  const kernels = await createKernels();
  try {
    const { sequences, text } = await readTextSequences(flags.text, flags, checkpoint);
    const { tasks, data, limit } = flags;
    const evaluate =
      tasks && data !== undefined
        ? await createTaskScore(checkpoint, { tasks, data, ...(limit === undefined ? {} : { limit }) }, task)
        : undefined;
    const setup = { ...engineSettings(flags), ...task, kernels, evaluate };
    const found = await sensitivity(checkpoint, sequences, { ...setup, recipes, by: flags.by });
    let mixed: SensitivityRun['mixed'] = null;
    if (flags.averageBits !== undefined) {
      const chosen = mixedPrecision(checkpoint, found.records, { recipes, averageBits: flags.averageBits });
      const variants = [];
      for (const recipe of [...recipes, chosen.recipe])
        variants.push({ recipe, blocks: await openQuantized(checkpoint, recipe, sequences, setup, task) });
      mixed = { ...chosen, losses: await measureLoss(checkpoint, variants, sequences, setup) };
    }
    let controls: SensitivityRun['controls'] = null;
    if (flags.controls) {
      const noise: NoiseRecord[] = [];
      for (const recipe of recipes)
        noise.push(...(await noiseControl(checkpoint, sequences, { ...setup, recipe })));
      controls = { blocks: await blockImportance(checkpoint, sequences, setup), noise };
    }
    return {
      checkpoint: checkpoint.path,
      text,
      recipes,
      ...found,
      mixed,
      controls,
    };
  } finally {
    await kernels.dispose();
    await checkpoint.close();
  }
}

function checkTaskFlags({ tasks, data }: SensitivityFlags): void {
  if ((tasks === undefined) === (data === undefined)) return;
  throw new InvalidInputError({
    op: 'sensitivity',
    problem: tasks === undefined ? 'data without tasks' : 'tasks without data',
    expected: 'both --tasks and --data, or neither',
  });
}

function render(run: SensitivityRun, saved: string | undefined): string {
  const parts = [`${printable(run.checkpoint)}, ${describeText(run.text)}.\n`, renderSensitivity(run)];
  if (run.mixed !== null) parts.push(renderMixed(run.mixed, run.mixed.losses));
  if (run.mixed !== null && saved !== undefined) parts.push(`Recipe written to ${printable(saved)}.\n`);
  if (run.controls !== null) parts.push(renderControls(run.controls.blocks, run.controls.noise));
  return parts.join('\n');
}
