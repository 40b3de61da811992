import { writeSync } from 'node:fs';
import type { KeptCredential } from './kept-credential.ts';

/** Writes what kubectl reads: an ExecCredential of `client.authentication.k8s.io/v1`, as one line. */
export function printExecCredential({ token, expiresAt }: KeptCredential): void {
  const status = { expirationTimestamp: new Date(expiresAt).toISOString(), token };
  const apiVersion = 'client.authentication.k8s.io/v1';
  writeAll(`${JSON.stringify({ kind: 'ExecCredential', apiVersion, status })}\n`);
}

/** Straight to the descriptor: to set up the stream of the process takes longer than all else that is done here. */
function writeAll(text: string): void {
  let left = Buffer.from(text);
  while (left.length > 0) {
    try {
      left = left.subarray(writeSync(1, left));
    } catch (error) {
      // A pipe that does not block is full for a moment.
      if ((error as { code?: string }).code !== 'EAGAIN') throw error;
    }
  }
}
