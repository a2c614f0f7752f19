/** Where a command reads and writes; `process` in production. */
export interface Terminal {
  readonly stdout: { write(text: string): unknown; columns?: number };
  readonly stderr: { write(text: string): unknown; isTTY?: boolean };
  once(event: 'SIGINT', listener: () => void): unknown;
  off(event: 'SIGINT', listener: () => void): unknown;
}
