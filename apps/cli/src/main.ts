/**
 * @file The command line. Results go to stdout, progress and errors to stderr. Exit codes: 0 done, 1 the work failed, 2 the command
 * line is wrong, 130 stopped by Ctrl-C.
 */
import { BitcliffError } from '@bitcliff/core';
import { Command, CommanderError } from 'commander';
import packageJson from '../package.json' with { type: 'json' };
import { addAnalyzeCommand } from './analyze-command.ts';
import { addCalibrationEffectCommand } from './calibration-effect-command.ts';
import { addCompareCommand } from './compare-command.ts';
import { addEqualBitsCommand } from './equal-bits-command.ts';
import { addEvalCommand } from './eval-command.ts';
import { addGenerateCommand } from './generate-command.ts';
import { addInitCommand } from './init-command.ts';
import { addInspectCommand } from './inspect-command.ts';
import { addPretrainCommand } from './pretrain-command.ts';
import { addQidCommand } from './qid-command.ts';
import { addQuantizeCommand } from './quantize-command.ts';
import { addReportCommand } from './report-command.ts';
import { addRotateCommand } from './rotate-command.ts';
import { addScoreCommand } from './score-command.ts';
import { addSensitivityCommand } from './sensitivity-command.ts';
import { addStudyCommand } from './study-command.ts';
import type { Terminal } from './terminal.ts';

/**
 * Run one command line.
 * @param args arguments behind the program's name
 * @returns the exit code
 */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  const stop = new AbortController();
  const onInterrupt = (): void => stop.abort(new Error('stopped by Ctrl-C'));
  terminal.once('SIGINT', onInterrupt);
  const program = new Command('bitcliff')
    .description(
      'How many bits can a language model lose, where does the loss come from, and is the difference real?',
    )
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })
    .showSuggestionAfterError()
    .showHelpAfterError('(--help shows what can be said)');
  addEvalCommand(program, { terminal, signal: stop.signal, version: packageJson.version });
  addCompareCommand(program, { terminal });
  addInspectCommand(program, { terminal, signal: stop.signal });
  addGenerateCommand(program, { terminal, signal: stop.signal });
  addQuantizeCommand(program, { terminal, signal: stop.signal });
  addRotateCommand(program, { terminal, signal: stop.signal });
  addPretrainCommand(program, { terminal, signal: stop.signal, version: packageJson.version });
  addScoreCommand(program, { terminal, signal: stop.signal });
  addAnalyzeCommand(program, { terminal, signal: stop.signal });
  addSensitivityCommand(program, { terminal, signal: stop.signal });
  addInitCommand(program, { terminal });
  addStudyCommand(program, { terminal, signal: stop.signal });
  addReportCommand(program, { terminal });
  addCalibrationEffectCommand(program, { terminal, signal: stop.signal });
  addQidCommand(program, { terminal, signal: stop.signal });
  addEqualBitsCommand(program, { terminal, signal: stop.signal });
  try {
    await program.parseAsync([...args], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (stop.signal.aborted) {
      terminal.stderr.write('stopped\n');
      return 130;
    }
    terminal.stderr.write(`error: ${describe(error)}\n`);
    return 1;
  } finally {
    terminal.off('SIGINT', onInterrupt);
  }
}

/** Errors made on purpose are a sentence; others keep their stack, for a report. */
function describe(error: unknown): string {
  if (BitcliffError.isInstance(error)) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
