import { main } from '../src/main.ts';

/** What a command line did. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Run a command line in this process, with a terminal that only listens. */
export async function runCommand(...args: string[]): Promise<CommandResult> {
  let [stdout, stderr] = ['', ''];
  const code = await main(args, {
    stdout: {
      write: (text) => {
        stdout += text;
      },
    },
    stderr: {
      write: (text) => {
        stderr += text;
      },
    },
    once: () => {},
    off: () => {},
  });
  return { code, stdout, stderr };
}
