/** @file Published rows and tokenizers from the folder that BITCLIFF_SHARED names. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openGgufFile } from '@bitcliff/formats/node';
import { ggufTokenizerFiles, type TokenizerFiles } from '@bitcliff/runtime';

/** The folder, or `undefined` after saying on stderr that a benchmark is left out. */
export function sharedData(benchmark: string): string | undefined {
  const shared = process.env.BITCLIFF_SHARED;
  if (shared !== undefined) return join(shared, 'data');
  console.error(`${benchmark}: left out, it needs BITCLIFF_SHARED`);
  return undefined;
}

/** A published tokenizer.json. @param data folder  @param name such as `gpt2/tokenizer.json.gz` */
export async function publishedTokenizer(data: string, name: string): Promise<TokenizerFiles> {
  const json = gunzipSync(await readFile(join(data, 'tokenizers', name))).toString('utf8');
  return { tokenizer: JSON.parse(json), config: {} };
}

/** The SentencePiece vocabulary of Llama, as GGUF files have it. */
export async function llamaTokenizer(data: string): Promise<TokenizerFiles> {
  const file = await openGgufFile(join(data, 'gguf/ggml-vocab-llama-spm.gguf'));
  try {
    return ggufTokenizerFiles(file)!;
  } finally {
    await file.close();
  }
}
