import { InvalidInputError } from '@bitcliff/core';
import { resolveRecipes } from '@bitcliff/quantize';
import type { Generated, TextTokenizer } from '@bitcliff/runtime';
import { openCheckpoint } from '@bitcliff/runtime/node';
import type { Command } from 'commander';
import { addEngineOptions, type EngineFlags, openEngine } from './engine-options.ts';
import { localPath } from './local-path.ts';
import { parseCount, parseIds, parseNumber, parseSeed } from './option-values.ts';
import { printable } from './printable.ts';
import type { Terminal } from './terminal.ts';

interface GenerateFlags extends EngineFlags {
  readonly prompt?: string;
  readonly ids?: readonly number[];
  readonly recipe?: string;
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK?: number;
  readonly topP: number;
  readonly seed: number;
  readonly json?: boolean;
}

/** `bitcliff generate`: what a model says, quantized or not. */
export function addGenerateCommand(
  program: Command,
  context: { terminal: Terminal; signal: AbortSignal },
): void {
  const command = program
    .command('generate')
    .description('Continue a text, and print the continuation as it comes.')
    .argument('<checkpoint>', 'Hugging Face folder, or hf:org/name[@revision]')
    .option('--prompt <text>', 'text to continue; the tokenizer decides about a BOS token')
    .option('--ids <ids>', 'token ids to continue, with commas between; needs no tokenizer', parseIds)
    .option('--recipe <name>', 'run the model under this recipe (default: unquantized)')
    .option('--max-tokens <n>', 'tokens to generate at most', parseCount, 64)
    .option('--temperature <t>', '0 takes the most probable token', parseNumber, 0)
    .option('--top-k <k>', 'draw from the k most probable tokens only', parseCount)
    .option('--top-p <p>', 'draw from the most probable tokens that reach p only', parseNumber, 1)
    .option('--seed <n>', 'of the random draws', parseSeed, 0)
    .option('--json', 'print {variant, prompt, tokens, text, end} as JSON');
  addEngineOptions(command)
    .addHelpText(
      'after',
      "\nExample:\n  $ bitcliff generate models/my-llama --prompt 'Once upon a time' --recipe w4 --max-tokens 40",
    )
    .action(async (path: string, flags: GenerateFlags) => {
      const { terminal, signal } = context;
      checkPrompt(flags);
      const recipes = flags.recipe === undefined ? [] : resolveRecipes([flags.recipe]);
      const checkpoint = await openCheckpoint(await localPath(path, { signal }));
      try {
        const tokenizer = flags.prompt === undefined ? undefined : await checkpoint.tokenizer();
        const prompt = flags.ids ?? tokenizer!.encode(flags.prompt!);
        const engine = await openEngine(checkpoint, flags, { recipes, baseline: recipes.length === 0 });
        try {
          const write = flags.json ? undefined : createTokenWriter(terminal.stdout, tokenizer);
          const result = await engine.generate(prompt, {
            maxTokens: flags.maxTokens,
            temperature: flags.temperature,
            topK: flags.topK,
            topP: flags.topP,
            seed: flags.seed,
            signal,
            onToken: (token) => write?.(token),
          });
          const end = flags.json ? JSON.stringify(toJson(prompt, result, tokenizer)) : '';
          terminal.stdout.write(`${end}\n`);
        } finally {
          await engine.dispose();
        }
      } finally {
        await checkpoint.close();
      }
    });
}

function checkPrompt({ prompt, ids }: GenerateFlags): void {
  if ((prompt === undefined) !== (ids === undefined)) return;
  throw new InvalidInputError({
    op: 'generate',
    problem: prompt === undefined ? 'nothing to continue' : 'two things to continue',
    expected: 'either --prompt or --ids',
  });
}

function toJson(prompt: readonly number[], result: Generated, tokenizer: TextTokenizer | undefined): object {
  const { variant, tokens, end } = result;
  return { variant, prompt, tokens, ...(tokenizer && { text: tokenizer.decode([...tokens]) }), end };
}

/** Writes the text of tokens as it becomes certain: a character may take several tokens. Without a tokenizer it writes ids. */
function createTokenWriter(
  stdout: { write(text: string): unknown },
  tokenizer: TextTokenizer | undefined,
): (token: number) => void {
  const tokens: number[] = [];
  let written = 0;
  return (token) => {
    tokens.push(token);
    if (tokenizer === undefined) {
      stdout.write(`${tokens.length === 1 ? '' : ','}${token}`);
      return;
    }
    const text = tokenizer.decode(tokens);
    if (text.endsWith('\ufffd')) return; // the bytes of a character that is not complete yet
    stdout.write(text.slice(written).split('\n').map(printable).join('\n'));
    written = text.length;
  };
}
