#!/usr/bin/env node
// ONNX Runtime 1.30 reports its use over the network unless this is set before it loads, so it is loaded behind this line
process.env.ORT_DISABLE_TELEMETRY ??= '1';
const { main } = await import('./main.ts');

// who reads may have read enough: `bitcliff report study.sqlite | head`
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await main(process.argv.slice(2), process);
