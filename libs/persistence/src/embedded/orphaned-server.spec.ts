import { expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { isAlive, waitUntilGone } from './orphaned-server.ts';

test('a server that was killed and that nobody waits for is gone, though its pid is still taken', async () => {
  // The shell becomes a program that waits for nobody, as a container without an init does.
  const parent = spawn('sh', ['-c', 'sleep 60 </dev/null & echo $!; exec cat'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  try {
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    // Whoever answers is that program: the shell itself would have waited for its child.
    parent.stdin.write('there?');
    await once(parent.stdout, 'data');
    expect(isAlive(pid)).toBe(true);
    process.kill(pid, 'SIGKILL');
    expect(await waitUntilGone(pid, 5_000)).toBe(true);
    expect(() => process.kill(pid, 0)).not.toThrow();
  } finally {
    parent.kill('SIGKILL');
  }
});
