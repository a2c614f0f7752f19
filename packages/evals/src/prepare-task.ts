import { InvalidInputError } from '@bitcliff/core';
import { createPairEncoder } from './encode-pair.ts';
import { type TokenRequest, truncateRequest } from './request.ts';
import type { Task, TaskItem } from './task.ts';
import type { EvalTokenizer, SpecialTokenOptions } from './tokenizer.ts';

/** How prompts become tokens. */
export interface PrepareOptions extends SpecialTokenOptions {
  /** Longest model input, tokens, ≥ 1: the model's context length, or a smaller number. */
  readonly maxLength: number;
}

/** One item and the place of its requests in {@link PreparedTask.requests}. */
export interface PreparedItem {
  readonly item: TaskItem;
  /** Requests `[start, end)` are this item's, in the order of `item.requests`. */
  readonly start: number;
  readonly end: number;
}

/** A task's rows as token requests, ready for any model with this tokenizer. */
export interface PreparedTask {
  readonly task: Task;
  readonly items: readonly PreparedItem[];
  /** Requests of one item are adjacent; choices that share a context share its array, unless truncated. */
  readonly requests: readonly TokenRequest[];
  /** Number of requests that lost context tokens to `maxLength`. */
  readonly truncated: number;
}

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
  const { maxLength } = options;
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
  const encode = createPairEncoder(tokenizer, options);
  const items: PreparedItem[] = [];
  const requests: TokenRequest[] = [];
  let truncatedRequests = 0;
  for (const [index, row] of rows.entries()) {
    const item = task.buildItem(row);
    const start = requests.length;
    for (const [i, text] of item.requests.entries()) {
      const where = `${task.name} item ${index}, request ${i}`;
      const { request, truncated } = truncateRequest(
        encode(text.context, text.continuation),
        maxLength,
        where,
      );
      requests.push(request);
      if (truncated) truncatedRequests++;
    }
    items.push({ item, start, end: requests.length });
  }
  return { task: task as Task, items, requests, truncated: truncatedRequests };
}
