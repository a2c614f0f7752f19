/** @file Running named steps: quiet when they pass, their whole log when they fail. */
import { spawnSync } from 'node:child_process';

/** A step that failed; its log has been printed. */
export class StepFailure extends Error {}

const verbose = process.env.CI === 'true' || process.argv.includes('--verbose');

/** Run one step and say how long it took. */
export function step(name, work) {
  process.stderr.write(`▸ ${name}${verbose ? '\n' : ' …'}`);
  const start = Date.now();
  try {
    const note = work();
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    process.stderr.write(`${verbose ? `✓ ${name}` : ''} ${note ?? `${seconds} s`}\n`);
  } catch (error) {
    process.stderr.write(`\n✗ ${name} failed\n`);
    if (!(error instanceof StepFailure)) process.stderr.write(`${error.stack}\n`);
    throw new StepFailure(name);
  }
}

/** Run a command to its end; its output is shown when it fails, or as it comes with `--verbose` and in CI. */
export function run(command, args, { cwd, env }) {
  const result = spawnSync(command, args, {
    cwd,
    env,
    encoding: 'utf8',
    maxBuffer: 1024 ** 3,
    stdio: verbose ? ['ignore', 'inherit', 'inherit'] : ['ignore', 'pipe', 'pipe'],
  });
  if (result.status === 0) return;
  const reason = result.error?.message ?? `exit code ${result.status ?? result.signal}`;
  process.stderr.write(
    `\n$ ${command} ${args.join(' ')}\n${result.stdout ?? ''}${result.stderr ?? ''}\n${reason}\n`,
  );
  throw new StepFailure(reason);
}
