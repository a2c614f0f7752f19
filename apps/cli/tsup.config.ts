import { defineProgram } from '@bitcliff-tools/build';

export default defineProgram({ bin: 'src/bin.ts' });
