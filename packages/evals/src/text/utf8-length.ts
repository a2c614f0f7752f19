const encoder = new TextEncoder();

/**
 * Number of UTF-8 bytes; a lone surrogate counts as the three of U+FFFD.
 * @example
 * utf8Length('é👍'); // 6
 */
export function utf8Length(text: string): number {
  return encoder.encode(text).length;
}
