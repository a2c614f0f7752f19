/** @file Writes `.test-counts.json` beside the package, so that the root command can print one total line. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Reporter, TestModule, TestRunEndReason } from 'vitest/node';

export type TestCounts = { passed: number; failed: number; skipped: number };

/** Count finished tests; a module that failed to load or a run without tests counts as one failure. */
export class CountingReporter implements Reporter {
  onTestRunEnd(
    modules: readonly TestModule[],
    unhandledErrors: readonly unknown[],
    reason: TestRunEndReason,
  ): void {
    const counts: TestCounts = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      if (module.errors().length > 0) counts.failed++;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') counts.passed++;
        else if (state === 'skipped') counts.skipped++;
        else counts.failed++;
      }
    }
    const nothingRan = counts.passed + counts.failed + counts.skipped === 0;
    if (counts.failed === 0 && (unhandledErrors.length > 0 || nothingRan || reason !== 'passed'))
      counts.failed++;
    writeFileSync(join(process.cwd(), '.test-counts.json'), `${JSON.stringify(counts)}\n`);
  }
}

// vitest loads a reporter file by its default export
// biome-ignore lint/style/noDefaultExport: required by vitest
export default CountingReporter;
