import {
  type ActivationAnalysis,
  type ActivationErrorRecord,
  activationError,
  analyzeActivations,
  analyzeWeights,
  needsCalibration,
  openQuantized,
  type WeightAnalysis,
} from '@bitcliff/analysis';
import { InvalidInputError, type LongTaskOptions } from '@bitcliff/core';
import { createKernels } from '@bitcliff/kernels';
import type { Recipe } from '@bitcliff/quantize';
import type { QuantizedBlocks } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import { readRecipes } from '@bitcliff/study/node';
import type { Command } from 'commander';
import { renderActivations, renderErrors, renderOutliers, renderWeights } from './analysis-tables.ts';
import { addEngineOptions, type EngineFlags, engineSettings } from './engine-options.ts';
import { localPath } from './local-path.ts';
import { parseNames } from './option-values.ts';
import { printable } from './printable.ts';
import { withProgress } from './progress-line.ts';
import type { Terminal } from './terminal.ts';
import {
  addTextOptions,
  describeText,
  readTextSequences,
  type TextFlags,
  type TextRecord,
} from './text-sequences.ts';

interface AnalyzeFlags extends EngineFlags, TextFlags {
  readonly recipes: readonly string[];
  readonly json?: boolean;
}

/** What `bitcliff analyze --json` prints. */
interface AnalyzeRecord extends WeightAnalysis {
  readonly checkpoint: string;
  readonly metadata: object;
  readonly recipes: readonly Recipe[];
  /** `null` without text, as is all that needs it. */
  readonly text: TextRecord | null;
  readonly activations: ActivationAnalysis['activations'] | null;
  readonly outliers: ActivationAnalysis['outliers'] | null;
  /** Also `null` without recipes. */
  readonly activationError: readonly ActivationErrorRecord[] | null;
}

/** `bitcliff analyze`: weights, activations, outlier dimensions and the error of activations. */
export function addAnalyzeCommand(
  program: Command,
  context: { terminal: Terminal; signal: AbortSignal },
): void {
  const command = program
    .command('analyze')
    .description(
      'Describe the weights of a checkpoint, and with a text its activations, outlier dimensions and errors, layer by layer.',
    )
    .argument('<checkpoint>', 'Hugging Face folder, .gguf file, or hf:org/name[@revision]')
    .option(
      '--recipes <names>',
      'variants beside the baseline, names or .json files (default: none)',
      parseNames,
      [],
    );
  addTextOptions(command, { required: false });
  command.option('--json', 'print all records as JSON');
  addEngineOptions(command)
    .addHelpText(
      'after',
      `
Without --text only weights are described. Recipes that need calibration take the pieces of the text.

Example:
  $ bitcliff analyze models/my-llama --text wiki.txt --recipes w8a8,rtn-w4g128`,
    )
    .action(async (path: string, flags: AnalyzeFlags) => {
      const { stdout, stderr } = context.terminal;
      const record = await withProgress(stderr, context.signal, (task) => analyze(path, flags, task));
      stdout.write(flags.json ? `${JSON.stringify(record)}\n` : render(record));
    });
}

async function analyze(path: string, flags: AnalyzeFlags, task: LongTaskOptions): Promise<AnalyzeRecord> {
  const recipes = await readRecipes(flags.recipes);
  const checkpoint = await openCheckpoint(await localPath(path, task));
  const kernels = await createKernels();
  try {
    const text = flags.text === undefined ? null : await readTextSequences(flags.text, flags, checkpoint);
    const setup = { ...engineSettings(flags), ...task, kernels };
    const quantized = new Map<string, QuantizedBlocks>();
    for (const recipe of recipes.filter((candidate) => needsCalibration(checkpoint, candidate))) {
      if (text === null) throw noText(recipe);
      quantized.set(recipe.name, await openQuantized(checkpoint, recipe, text.sequences, setup, task));
    }
    const weights = await analyzeWeights(checkpoint, { ...task, kernels, recipes, quantized });
    const common = { checkpoint: checkpoint.path, metadata: checkpoint.metadata, recipes, ...weights };
    if (text === null) return { ...common, text, activations: null, outliers: null, activationError: null };
    const { sequences } = text;
    const { activations, outliers } = await analyzeActivations(checkpoint, sequences, setup);
    const errors =
      recipes.length === 0
        ? null
        : await activationError(checkpoint, sequences, { ...setup, recipes, quantized });
    return {
      ...common,
      text: text.text,
      activations,
      outliers,
      activationError: errors,
    };
  } finally {
    await kernels.dispose();
    await checkpoint.close();
  }
}

function noText({ name }: Recipe): InvalidInputError {
  return new InvalidInputError({
    op: 'analyze',
    problem: `recipe "${name}" needs calibration`,
    expected: 'a text to calibrate on',
    where: '--text',
  });
}

function render(record: AnalyzeRecord): string {
  const { text, activations, outliers, activationError: errors } = record;
  const parts = [renderWeights(record)];
  if (text !== null && activations !== null && outliers !== null) {
    parts.push(`${describeText(text)}.\n`, renderActivations(activations), renderOutliers(outliers));
  }
  if (errors !== null) parts.push(renderErrors(errors));
  return `${printable(record.checkpoint)}\n\n${parts.join('\n')}`;
}
