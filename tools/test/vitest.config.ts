import { defineTests } from './src/index.ts';

export default defineTests();
