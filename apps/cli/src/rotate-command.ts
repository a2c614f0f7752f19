import { openCheckpoint, rotateCheckpoint } from '@bitcliff/runtime/node';
import type { Command } from 'commander';
import { localPath } from './local-path.ts';
import { parseSeed } from './option-values.ts';
import { createProgressLine } from './progress-line.ts';
import type { Terminal } from './terminal.ts';

interface RotateFlags {
  readonly out: string;
  readonly seed: number;
  readonly json?: boolean;
}

/** `bitcliff rotate`: the same model with hidden states that have no outlier dimensions. */
export function addRotateCommand(
  program: Command,
  { terminal, signal }: { terminal: Terminal; signal: AbortSignal },
): void {
  program
    .command('rotate')
    .description(
      'Rotate the hidden states of a checkpoint by a randomized Hadamard matrix (QuaRot): the same logits, and weights that lose less when they are quantized.',
    )
    .argument('<checkpoint>', 'Hugging Face folder, or hf:org/name[@revision], of a model with RMSNorms')
    .requiredOption('--out <dir>', 'folder to be made; any recipe can be applied to it')
    .option('--seed <n>', 'of the signs', parseSeed, 0)
    .option('--json', 'print {out, seed} as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ bitcliff rotate models/my-llama --out my-llama-rotated\n  $ bitcliff eval my-llama-rotated --data data --tasks piqa --recipes w4',
    )
    .action(async (path: string, { out, seed, json }: RotateFlags) => {
      const checkpoint = await openCheckpoint(await localPath(path, { signal }));
      const progress = createProgressLine(terminal.stderr);
      try {
        await rotateCheckpoint(checkpoint, out, { seed, signal, onProgress: progress.update });
      } finally {
        progress.end();
        await checkpoint.close();
      }
      terminal.stdout.write(
        json ? `${JSON.stringify({ out, seed })}\n` : `${out}: rotated with seed ${seed}\n`,
      );
    });
}
