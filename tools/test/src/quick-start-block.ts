/** The first `ts` block under the heading "Quick start" of a README. */
export function quickStartBlock(readme: string): string | undefined {
  const [, section] = readme.split(/^## Quick start$/m);
  return /^```ts\n([\s\S]*?)^```$/m.exec(section?.split(/^## /m)[0] ?? '')?.[1];
}

/** What the block says it prints: the comment at the end of each line with a `console.log`. */
export function expectedOutput(block: string): string[] {
  return block
    .split('\n')
    .filter((line) => line.includes('console.log('))
    .map((line) => /;\s*\/\/ (.*)$/.exec(line)?.[1] ?? '(no comment says what this line prints)');
}
