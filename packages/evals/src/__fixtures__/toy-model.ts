/**
 * @file The byte tokenizer and the toy language model of the reference goldens (`about` in test/golden/*.json):
 * id = byte + 3, BOS 1, EOS 2, vocabulary 259; h = 1, then h = (h·31 + t + 7) mod 65521 per token;
 * logits[v] = ((h + 13v² + 7v) mod 97) / 10; log-softmax in float64; argmax ties to the lowest id.
 */
import type { RequestScore, TokenRequest } from '../request.ts';
import type { EvalTokenizer } from '../tokenizer.ts';

const BOS = 1;
const VOCABULARY = 259;

/** Bytes as tokens; its default is `addsBos`, and it writes BOS as `<s>`. */
export function byteTokenizer(addsBos = false): EvalTokenizer {
  return {
    bosTokenId: BOS,
    eosTokenId: 2,
    encode(text, options = {}) {
      const ids = Array.from(new TextEncoder().encode(text), (byte) => byte + 3);
      return (options.addSpecialTokens ?? addsBos) ? [BOS, ...ids] : ids;
    },
    decode(ids) {
      return ids.map((id) => (id === BOS ? '<s>' : String.fromCharCode(id - 3))).join('');
    },
  };
}

/** The toy model's answer to one request. */
function toyScore(request: TokenRequest): RequestScore {
  const { context, continuation } = request;
  const input = [...context, ...continuation].slice(0, -1);
  let h = 1;
  let logProb = 0;
  let isGreedy = true;
  for (const [position, token] of input.entries()) {
    h = (h * 31 + token + 7) % 65521;
    const target = continuation[position - (context.length - 1)];
    if (target === undefined) continue;
    const logits = Array.from({ length: VOCABULARY }, (_, v) => ((h + v * v * 13 + v * 7) % 97) / 10);
    const max = Math.max(...logits);
    const logSum = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - max), 0));
    logProb += logits[target]! - max - logSum;
    if (logits.indexOf(max) !== target) isGreedy = false;
  }
  return { logProb, isGreedy };
}

/** {@link toyScore} of many, in the shape that the evals call. */
export async function toyLogLikelihood(requests: readonly TokenRequest[]): Promise<RequestScore[]> {
  return requests.map(toyScore);
}
