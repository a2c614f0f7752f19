import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FormatError, NotFoundError } from '@bitcliff/core';
import { Tokenizer } from '@huggingface/tokenizers';

/** A tokenizer folder, its files as they lie there. */
export interface TokenizerFolder {
  /** Contents of tokenizer.json and tokenizer_config.json. */
  readonly files: Readonly<Record<'tokenizer.json' | 'tokenizer_config.json', string>>;
  readonly vocabularySize: number;
  readonly bosTokenId: number | undefined;
  readonly eosTokenId: number | undefined;
  /** Ids of a document, with what the tokenizer's post-processor adds, and the EOS token behind it where there is one. */
  encode(text: string): number[];
}

/**
 * @param folder with tokenizer.json and tokenizer_config.json
 * @throws {NotFoundError} for a missing file  @throws {FormatError} for one that is no tokenizer
 */
export async function openTokenizer(folder: string): Promise<TokenizerFolder> {
  const files = {
    'tokenizer.json': await read(join(folder, 'tokenizer.json')),
    'tokenizer_config.json': await read(join(folder, 'tokenizer_config.json')),
  };
  let tokenizer: Tokenizer;
  let config: Record<string, unknown>;
  try {
    config = JSON.parse(files['tokenizer_config.json']);
    tokenizer = new Tokenizer(JSON.parse(files['tokenizer.json']), config);
  } catch (cause) {
    throw new FormatError({
      op: 'pretrain',
      problem: 'the tokenizer cannot be built',
      expected: 'tokenizer.json and tokenizer_config.json of the Hugging Face libraries',
      received: cause instanceof Error ? cause.message : String(cause),
      path: folder,
      cause,
    });
  }
  const specialId = (field: string): number | undefined => {
    const token = config[field];
    const content =
      typeof token === 'object' && token !== null ? (token as { content?: unknown }).content : token;
    return typeof content === 'string' ? tokenizer.token_to_id(content) : undefined;
  };
  const eosTokenId = specialId('eos_token');
  return {
    files,
    // ids may have holes, so the largest counts
    vocabularySize: [...tokenizer.get_vocab(true).values()].reduce((most, id) => Math.max(most, id + 1), 0),
    bosTokenId: specialId('bos_token'),
    eosTokenId,
    encode(text) {
      const ids = [...tokenizer.encode(text).ids];
      if (eosTokenId !== undefined && ids.at(-1) !== eosTokenId) ids.push(eosTokenId);
      return ids;
    },
  };
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new NotFoundError({ op: 'pretrain', problem: 'missing tokenizer file', path, cause });
  }
}
