import { TASKS } from './src/tasks/index.ts';
for (const [n, f] of Object.entries(TASKS)) { const t0=performance.now(); const r=f(2001, 1000); console.log(n, r.length, (performance.now()-t0).toFixed(0)); console.log(r.slice(0,3)); }
