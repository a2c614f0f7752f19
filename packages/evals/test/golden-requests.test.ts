import { describe, expect, test } from 'vitest';
import { type EvalTokenizer, encodePair, truncateRequest } from '../src/index.ts';
import { readGolden } from './read-golden.ts';

type Encoded = { context: string; continuation: string; context_ids: number[]; continuation_ids: number[] };
const golden = readGolden<{
  encode_pair: {
    pieces: Record<string, number>;
    cases: (Encoded & { add_bos: boolean })[];
    empty_context: Encoded[];
  };
  truncation: {
    n_ctx: number;
    n_cont: number;
    max_length: number;
    input: number[];
    scored_logit_positions: [number, number];
    targets: number[];
  }[];
}>('requests');

const pieces = Object.entries(golden.encode_pair.pieces).sort(([a], [b]) => b.length - a.length);

/** Greedy longest match over the golden's pieces. */
const pieceTokenizer: EvalTokenizer = {
  bosTokenId: 1,
  encode(text, options = {}) {
    const ids = options.addSpecialTokens ? [1] : [];
    for (let at = 0; at < text.length; ) {
      const [piece, id] = pieces.find(([candidate]) => text.startsWith(candidate, at))!;
      ids.push(id);
      at += piece.length;
    }
    return ids;
  },
  decode: (ids) =>
    ids.map((id) => (id === 1 ? '<s>' : pieces.find(([, other]) => other === id)![0])).join(''),
};

test.each(golden.encode_pair.cases)('encodePair $context + $continuation, addBos $add_bos', (expected) => {
  const pair = encodePair(pieceTokenizer, expected.context, expected.continuation, {
    addBos: expected.add_bos,
  });
  expect(pair).toEqual({ context: expected.context_ids, continuation: expected.continuation_ids });
});

test.each(golden.encode_pair.empty_context)('empty context + $continuation', (expected) => {
  const pair = encodePair(pieceTokenizer, '', expected.continuation, { addBos: true });
  expect(pair).toEqual({ context: expected.context_ids, continuation: expected.continuation_ids });
});

describe('truncation', () => {
  test.each(golden.truncation)('$n_ctx + $n_cont into $max_length', (expected) => {
    const context = Array.from({ length: expected.n_ctx }, (_, i) => 100 + i);
    const continuation = Array.from({ length: expected.n_cont }, (_, i) => 500 + i);
    const { request, truncated } = truncateRequest({ context, continuation }, expected.max_length);
    const input = [...request.context, ...request.continuation.slice(0, -1)];
    expect(input).toEqual(expected.input);
    expect(request.continuation).toEqual(expected.targets);
    expect([request.context.length - 1, input.length]).toEqual(expected.scored_logit_positions);
    expect(truncated).toBe(expected.n_ctx + expected.n_cont > expected.max_length + 1);
  });
});
