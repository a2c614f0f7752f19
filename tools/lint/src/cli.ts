import { checkDirection } from './check-direction.ts';

const violations = await checkDirection(process.cwd());
for (const violation of violations) console.error(violation);
process.exitCode = violations.length === 0 ? 0 : 1;
