import type { ScoreRequest } from '@bitcliff/runtime';

/**
 * Requests as they are scored without packing, sharing and choosing positions: every choice is a sequence of its own, padded to the longest of its item,
 * with logits at every position. They need an engine of `{ rowLength: 1, sharePrefixes: false }`.
 * @param items the requests [start, end) of each item
 */
export function plainRequests(
  requests: readonly ScoreRequest[],
  items: readonly { readonly start: number; readonly end: number }[],
): ScoreRequest[] {
  return items.flatMap(({ start, end }) => {
    const own = requests.slice(start, end);
    const length = ({ context, continuation }: ScoreRequest): number => context.length + continuation.length;
    const longest = Math.max(...own.map(length));
    return own.map((request) => {
      const { context, continuation } = request;
      const padding = new Array<number>(longest - length(request)).fill(0);
      return {
        context: context.slice(0, 1),
        continuation: [...context.slice(1), ...continuation, ...padding],
      };
    });
  });
}
