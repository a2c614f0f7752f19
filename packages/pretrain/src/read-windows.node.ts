import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRng, InvalidInputError, NotFoundError } from '@bitcliff/core';
import type { DataOptions } from './pretraining-config.ts';
import type { TokenizerFolder } from './tokenizer.node.ts';
import { packWindows, targetCount, type Windows } from './windows.ts';

/** Seed of the choice of held-out documents: a share of the same text is the same documents in every variant. */
const HELD_OUT_SEED = 0x5eed;

/** The corpus as windows. */
export interface Corpus {
  readonly training: Windows;
  readonly heldOut: Windows;
  readonly documents: number;
  /** Hex SHA-256 of the training windows: what a resumed run must find again. */
  readonly fingerprint: string;
}

/**
 * Read text files, tokenize them and pack them into windows.
 * @throws {NotFoundError} for a missing file  @throws {InvalidInputError} when nothing is held out, or the text is empty or not UTF-8
 */
export async function readCorpus(
  data: DataOptions,
  tokenizer: TokenizerFolder,
  sequenceLength: number,
): Promise<Corpus> {
  const all = await readDocuments(data.files, data.separator);
  let [training, heldOut] = [all, all];
  if (typeof data.heldOut === 'number') {
    const count = Math.round(data.heldOut * all.length);
    const chosen = new Set(
      createRng(HELD_OUT_SEED)
        .shuffle(all.map((_, i) => i))
        .slice(0, count),
    );
    training = all.filter((_, i) => !chosen.has(i));
    heldOut = all.filter((_, i) => chosen.has(i));
  } else {
    heldOut = await readDocuments(data.heldOut, data.separator);
  }
  const pack = (documents: readonly string[]): Windows =>
    packWindows(
      (function* () {
        for (const document of documents) yield tokenizer.encode(document);
      })(),
      sequenceLength,
    );
  const windows = { training: pack(training), heldOut: pack(heldOut) };
  for (const [name, part] of Object.entries(windows)) {
    if (targetCount(part) > 0) continue;
    throw new InvalidInputError({
      op: 'pretrain',
      problem: `no text for ${name === 'training' ? 'training' : 'the held-out loss'}`,
      expected: 'documents of two tokens and more',
      received: `${all.length} documents in all`,
      hint: 'Give more text, or another heldOut',
    });
  }
  const { tokens, documents } = windows.training;
  const bytes = [tokens, documents].map((a) => new Uint8Array(a.buffer, a.byteOffset, a.byteLength));
  const hash = createHash('sha256');
  for (const part of bytes) hash.update(part);
  return { ...windows, documents: all.length, fingerprint: hash.digest('hex') };
}

async function readDocuments(paths: readonly string[], separator: string | null): Promise<string[]> {
  const documents: string[] = [];
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (const path of paths) {
    let text: string;
    try {
      text = decoder.decode(await readFile(path));
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === 'ENOENT')
        throw new NotFoundError({ op: 'pretrain', problem: 'missing text file', path, cause });
      if (!(cause instanceof TypeError)) throw cause;
      throw new InvalidInputError({ op: 'pretrain', problem: 'the text is not UTF-8', path, cause });
    }
    const parts = separator === null ? [text] : text.split(separator);
    documents.push(...parts.filter((part) => part.trim() !== ''));
  }
  return documents;
}
