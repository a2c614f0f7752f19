import { InvalidInputError } from '@bitcliff/core';
import { docHash, hashOf } from './doc-hash.ts';
import { createPairEncoder, createTextEncoder, type EncodeOptions, requirePrefix } from './encode-pair.ts';
import { type FittedRequest, type TokenRequest, truncateRequest } from './request.ts';
import { disjointRequest, rollingWindows } from './rolling-windows.ts';
import type { Task, TaskItem } from './task.ts';
import { type EvalTokenizer, resolvePrefixTokenId } from './tokenizer.ts';

/** How prompts become tokens. */
export interface PrepareOptions extends EncodeOptions {
  /** Longest model input, tokens, ≥ 1: the model's context length, or a smaller number. */
  readonly maxLength: number;
  /**
   * Rolling texts: `once` puts the prefix token before the text, and only there. `lmeval` is the harness to the letter: a tokenizer that adds BOS
   * adds it to the text too, where it is scored as a token after the prefix.
   * @default 'once'
   */
  readonly rollingBos?: 'once' | 'lmeval' | undefined;
}

/** One item and the place of its requests in {@link PreparedTask.requests}. */
export interface PreparedItem {
  readonly item: TaskItem;
  /** Hex SHA-256 of the item; see `Sample`. */
  readonly docHash: string;
  /** Requests `[start, end)` are this item's, in the order of `item.requests`; for rolling texts, in the order of the windows. */
  readonly start: number;
  readonly end: number;
}

/** A task's rows as token requests, ready for any model with this tokenizer. */
export interface PreparedTask {
  readonly task: Task;
  readonly items: readonly PreparedItem[];
  /** Requests of one item are adjacent; choices that share a context share its array, unless truncated. */
  readonly requests: readonly TokenRequest[];
  /** Number of requests that lost tokens to `maxLength`. */
  readonly truncated: number;
  /** Of those, the requests that lost continuation tokens. */
  readonly continuationsCut: number;
}

/** A text that is too short for one window. */
const NO_REQUEST = 'The text has no tokens to score';

/**
 * Turn rows into token requests.
 * @param rows checked rows of the task, at least one
 * @throws {InvalidInputError} on no rows, a bad `maxLength`, or an item without context or continuation tokens (named)
 * @example
 * const prepared = prepareTask(hellaswag, rows, tokenizer, { maxLength: 2048 });
 * const result = scoreTask(prepared, await model.loglikelihood(prepared.requests));
 */
export function prepareTask<Row>(
  task: Task<Row>,
  rows: readonly Row[],
  tokenizer: EvalTokenizer,
  options: PrepareOptions,
): PreparedTask {
  checkArguments(task, rows, options.maxLength);
  const items: PreparedItem[] = [];
  const requests: TokenRequest[] = [];
  const fitted = task.outputType === 'windows' ? windowItems : itemRequests;
  const counts = { truncated: 0, continuationsCut: 0 };
  for (const { item, hash, own } of fitted(task, rows, tokenizer, options)) {
    const start = requests.length;
    for (const { request, truncated, continuationCut } of own) {
      requests.push(request);
      if (truncated) counts.truncated++;
      if (continuationCut) counts.continuationsCut++;
    }
    items.push({ item, docHash: hash, start, end: requests.length });
  }
  return { task: task as Task, items, requests, ...counts };
}

interface FittedItem {
  readonly item: TaskItem;
  readonly hash: string;
  readonly own: readonly FittedRequest[];
}

function* itemRequests<Row>(
  task: Task<Row>,
  rows: readonly Row[],
  tokenizer: EvalTokenizer,
  options: PrepareOptions,
): Iterable<FittedItem> {
  const encodeItem =
    task.outputType === 'loglikelihood_rolling'
      ? rollingEncoder(tokenizer, options)
      : pairItemEncoder(tokenizer, options);
  for (const [index, row] of rows.entries()) {
    const item = task.buildItem(row, options.profile);
    yield { item, hash: docHash(item), own: encodeItem(item, `${task.name} item ${index}`) };
  }
}

type ItemEncoder = (item: TaskItem, where: string) => FittedRequest[];

function pairItemEncoder(tokenizer: EvalTokenizer, options: PrepareOptions): ItemEncoder {
  const encode = createPairEncoder(tokenizer, options);
  return ({ requests }, where) =>
    requests.map(({ context, continuation }, i) =>
      truncateRequest(encode(context, continuation), options.maxLength, `${where}, request ${i}`),
    );
}

function rollingEncoder(tokenizer: EvalTokenizer, options: PrepareOptions): ItemEncoder {
  const { maxLength, rollingBos = 'once', profile } = options;
  const prefixTokenId = requirePrefix('prepareTask', resolvePrefixTokenId(tokenizer, options));
  const plain = (text: string): number[] => tokenizer.encode(text, { addSpecialTokens: false });
  const encode =
    rollingBos === 'once' || profile === 'classic' ? plain : createTextEncoder(tokenizer, options);
  return ({ requests }, where) => {
    const windows = requests.flatMap(({ continuation }) =>
      rollingWindows(encode(continuation), { prefixTokenId, maxLength }),
    );
    if (windows.length === 0) {
      throw new InvalidInputError({ op: 'prepareTask', problem: 'empty text', where, hint: NO_REQUEST });
    }
    return windows.map((window) => fitting(disjointRequest(window)));
  };
}

function* windowItems<Row>(
  task: Task<Row>,
  rows: readonly Row[],
  tokenizer: EvalTokenizer,
  options: PrepareOptions,
): Iterable<FittedItem> {
  const windows = task.cutWindows!(rows, tokenizer, options);
  if (windows.length === 0) {
    throw new InvalidInputError({
      op: 'prepareTask',
      problem: 'the text is shorter than one window',
      where: task.name,
    });
  }
  for (const request of windows) {
    const item = { requests: [], choices: [], gold: null };
    yield { item, hash: hashOf([request.context, request.continuation]), own: [fitting(request)] };
  }
}

function fitting(request: TokenRequest): FittedRequest {
  return { request, truncated: false, continuationCut: false };
}

function checkArguments(task: { name: string }, rows: readonly unknown[], maxLength: number): void {
  if (!Number.isSafeInteger(maxLength) || maxLength < 1) {
    throw new InvalidInputError({
      op: 'prepareTask',
      problem: 'bad maxLength',
      expected: 'an integer of at least 1',
      received: maxLength,
    });
  }
  if (rows.length === 0) {
    throw new InvalidInputError({
      op: 'prepareTask',
      problem: 'no rows',
      expected: 'at least one',
      received: 0,
      where: task.name,
    });
  }
}
