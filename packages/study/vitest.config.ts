import { defineTests } from '@bitcliff-tools/test';

export default defineTests();
