import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { connect } from 'node:net';
import type { ManagedProcess, ProcessFolder } from '@ambit/dev-cluster';
import { waitUntil } from '@ambit/dev-cluster';
import { environment } from './run-program.ts';

const program = 'redis-server';

/** True where a Redis can be started: `redis-server` is on the PATH. */
export function hasRedis(): boolean {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** A Redis of one's own on loopback that keeps nothing on disk: when it dies, all it held is gone. */
export class RedisProcess {
  readonly url: string;
  readonly #folder: ProcessFolder;
  readonly #port: number;
  #process: ManagedProcess | undefined;
  #starts = 0;

  private constructor(folder: ProcessFolder, port: number) {
    this.#folder = folder;
    this.#port = port;
    this.url = `redis://127.0.0.1:${port}`;
  }

  static async start(folder: ProcessFolder, port: number): Promise<RedisProcess> {
    const redis = new RedisProcess(folder, port);
    await redis.startAgain();
    return redis;
  }

  /** One that nobody has started yet. */
  static away(folder: ProcessFolder, port: number): RedisProcess {
    return new RedisProcess(folder, port);
  }

  /** On the same port, empty. */
  async startAgain(): Promise<void> {
    const started = this.#folder.start({
      name: `redis-${++this.#starts}`,
      program,
      args: [
        ...['--port', String(this.#port), '--bind', '127.0.0.1'],
        ...['--save', '', '--appendonly', 'no', '--maxmemory-policy', 'noeviction'],
      ],
      environment,
    });
    this.#process = started;
    await waitUntil({
      what: 'Redis was ready',
      process: started,
      deadline: performance.now() + 30_000,
      probe: async () => (await this.command('PING')) === '+PONG',
    });
  }

  /** kill -9. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#process?.signal('SIGKILL');
    await this.#process?.stop(1_000);
  }

  /** The answer to one command, as it stands on the wire, without its last end of line. */
  command(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.#port, '127.0.0.1', () => socket.write(`${text}\r\n`));
      socket.setTimeout(2_000, () => socket.destroy(new Error('Redis does not answer')));
      socket.once('error', reject);
      socket.once('data', (bytes) => {
        socket.destroy();
        resolve(bytes.toString().trimEnd());
      });
    });
  }
}
