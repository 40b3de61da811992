import { createServer } from 'node:net';
import { expect, test } from '@jest/globals';
import { holdPort } from './held-port.ts';

function listen(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => server.close(() => resolve()));
  });
}

test('a port that is held is left to nobody else until it is released, and may be released twice', async () => {
  const held = await holdPort();
  await expect(listen(held.port)).rejects.toThrow('EADDRINUSE');
  await held.release();
  await expect(listen(held.port)).resolves.toBeUndefined();
  await held.release();
});
