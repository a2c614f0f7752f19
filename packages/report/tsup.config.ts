import { defineLibrary } from '@bitcliff-tools/build';

export default defineLibrary();
