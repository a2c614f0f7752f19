import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

it('runs a model without the telemetry of ONNX Runtime, which would leave files', () => {
  const temporary = mkdtempSync(join(tmpdir(), 'bitcliff-test-'));
  const checkpoint = here('../../../packages/runtime/test/golden/llama');
  const args = ['--conditions=@bitcliff/source', here('./bin.ts'), 'generate', checkpoint, '--ids', '1,2'];
  const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
  const options = { encoding: 'utf8', env: { ...env, TMPDIR: temporary } } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^\d+(,\d+)*\n$/);
  expect(readdirSync(temporary)).toEqual([]);
  rmSync(temporary, { recursive: true });
});

it('ends quietly when nobody reads on', () => {
  const command = `"${process.execPath}" --conditions=@bitcliff/source "${here('./bin.ts')}" eval --help | true`;
  const { status, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', command], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});
