/**
 * @file The ways in which byte-level BPE tokenizers cut text into words, under the names of llama.cpp's `tokenizer.ggml.pre`. Patterns and
 * normalization are those of the published tokenizer.json files; llama.cpp itself does not normalize.
 */

/** One way to cut text. */
export interface ByteLevelSplit {
  /** Regular expression of a word; `null` is the one of GPT-2, which is built into byte-level tokenizers. */
  readonly pattern: string | null;
  /** Text is put into Unicode form NFC first. */
  readonly nfc: boolean;
  /** A word that is in the vocabulary is one token, whatever the merges say. */
  readonly ignoreMerges: boolean;
  /** Default of `tokenizer.ggml.add_bos_token`. */
  readonly addBos: boolean;
}

const words = (digits: string): string =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

const plain: ByteLevelSplit = { pattern: null, nfc: false, ignoreMerges: false, addBos: false };
const llama3: ByteLevelSplit = { pattern: words('{1,3}'), nfc: false, ignoreMerges: true, addBos: true };

/** Splits by name. @see llama.cpp src/llama-vocab.cpp */
export const BYTE_LEVEL_SPLITS: ReadonlyMap<string, ByteLevelSplit> = new Map([
  ['gpt-2', plain],
  ['olmo', { ...plain, nfc: true }],
  ['mpt', { ...plain, nfc: true }],
  ['qwen2', { ...plain, pattern: words(''), nfc: true }],
  ['llama-bpe', llama3],
  ['llama3', llama3],
  ['llama-v3', llama3],
]);

/** Files from before the key: what their architecture's published tokenizers do. */
export const SPLIT_WITHOUT_NAME: Readonly<Record<string, string>> = { gpt2: 'gpt-2', gptneox: 'olmo' };
