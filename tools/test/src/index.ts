/** @file The vitest settings that every package shares. */
import { defineConfig, type ViteUserConfig } from 'vitest/config';

/**
 * Vitest settings of one package: tests beside the sources, workspace packages resolved to their sources, v8 coverage
 * (istanbul rewrites gpu.js kernels and breaks them), and a reporter that leaves the counts for the workspace total.
 * @param options.coverageExclude more files without a coverage threshold, such as gpu.js kernels, whose bodies never run as JavaScript
 */
export function defineTests(options: { coverageExclude?: string[] } = {}): ViteUserConfig {
  const conditions = ['@bitcliff/source', 'module', 'node', 'import', 'default'];
  return defineConfig({
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: conditions } },
    test: {
      include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
      testTimeout: 60_000,
      hookTimeout: 60_000,
      maxWorkers: 2,
      reporters: ['default', new URL('./counting-reporter.ts', import.meta.url).pathname],
      coverage: {
        provider: 'v8',
        reporter: ['text-summary', 'json-summary'],
        include: ['src/**/*.ts'],
        exclude: ['src/**/*.test.ts', 'src/**/index.ts', ...(options.coverageExclude ?? [])],
        thresholds: { lines: 80 },
      },
    },
  });
}
