import { describe, expect, it } from 'vitest';
import { expectedOutput, quickStartBlock } from './quick-start-block.ts';

const readme = [
  '# p',
  '```ts',
  'console.log(0); // 0',
  '```',
  '## Quick start',
  'Text.',
  '```ts',
  "console.log('a // b'); // a // b",
  'const x = 1; // one',
  'console.log(x);',
  '```',
  '## Concepts',
  '```ts',
  'console.log(2); // 2',
  '```',
].join('\n');

describe('quick starts', () => {
  it('are the first block of their section', () => {
    expect(quickStartBlock(readme)).toBe(
      "console.log('a // b'); // a // b\nconst x = 1; // one\nconsole.log(x);\n",
    );
    expect(quickStartBlock('# p\n## Concepts\n```ts\n1;\n```\n')).toBeUndefined();
  });

  it('say what each line prints, and a line that does not say it cannot pass', () => {
    expect(expectedOutput(quickStartBlock(readme)!)).toEqual([
      'a // b',
      '(no comment says what this line prints)',
    ]);
  });
});
