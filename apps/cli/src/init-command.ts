import { writeFile } from 'node:fs/promises';
import { InvalidInputError } from '@bitcliff/core';
import type { Command } from 'commander';
import { printable } from './printable.ts';
import type { Terminal } from './terminal.ts';

/** Where `bitcliff init` writes to. */
const DEFAULT_FILE = 'study.config.ts';

/** A config with every field that is often changed, and what it means. */
export const STUDY_TEMPLATE = `import type { StudyConfig } from '@bitcliff/study';

/** Run it: bitcliff study run study.config.ts. Relative paths are taken from the folder of this file. */
export default {
  // names the store, <name>.study.sqlite
  name: 'my-study',
  title: 'How many bits can my model lose?',

  // folders as on the Hub, .gguf files, or hf: ids; { path: 'hf:org/name', revisions: { 'step1000': 1000 } } for revisions with their steps;
  // { pretraining: 'runs' } for all that \`bitcliff pretrain\` wrote
  checkpoints: ['models/my-model'],

  // beside the unquantized baseline: names that \`bitcliff eval --help\` lists, or .json files of \`bitcliff sensitivity --save\`
  recipes: ['w8a8', 'rtn-w4g128', 'rtn-w3g128', 'rtn-w3g128+qkv8'],

  // tasks and groups, and the folder with their rows; 'hf:' takes each task's own data set from the Hub
  tasks: ['int8-paper'],
  data: 'data',
  limit: 200, // rows of each task; null for all

  // for recipes such as awq-w4g128 and gptq-w4g128; with several sets, each makes a variant
  calibration: [
    // { name: 'wiki', source: 'wiki.txt', samples: 64, length: 512 },
  ],

  // windows of text for the analyses; lines: true where each line is a document
  texts: [
    // { name: 'wiki', file: 'wiki-test.txt', sequences: 20, length: 256 },
  ],

  // those but 'weights' need a text; of: 'loss', 'weights', 'activations', 'activationError', 'sensitivity', 'blockImportance', 'noise', 'fits'
  analyses: ['weights'],

  engine: {
    memory: null, // GiB; null for half of the machine's
    threads: null,
  },
} satisfies StudyConfig;
`;

/** \`bitcliff init\`: a commented config of a study. */
export function addInitCommand(program: Command, { terminal }: { terminal: Terminal }): void {
  program
    .command('init')
    .description('Write a commented config of a study.')
    .argument('[file]', 'where to', DEFAULT_FILE)
    .addHelpText('after', '\nExample:\n  $ bitcliff init && bitcliff study plan study.config.ts')
    .action(async (file: string) => {
      await writeFile(file, STUDY_TEMPLATE, { flag: 'wx' }).catch((cause: NodeJS.ErrnoException) => {
        const problem = cause.code === 'EEXIST' ? 'the file exists' : `cannot write, ${cause.code}`;
        throw new InvalidInputError({ op: 'init', problem, expected: 'a new file', path: file, cause });
      });
      terminal.stdout.write(
        `Wrote ${printable(file)}. Edit it, then: bitcliff study plan ${printable(file)}\n`,
      );
    });
}
