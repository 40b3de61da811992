import { endOrphan, pause, waitUntilGone } from './orphaned-server.ts';
import { type ServerCommand, type ServerProcess, startServer } from './server-process.ts';

const firstWaitMs = 100;
const longestWaitMs = 5_000;
/** A server that ran this long was healthy: the next restart is quick again. */
const healthyAfterMs = 60_000;

type OnRestart = (facts: { readonly restarts: number; readonly lastWords: string }) => void;

/** Keeps one server running on one port until it is told to stop. */
export class ServerSupervisor {
  readonly #command: ServerCommand;
  readonly #onRestart: OnRestart;
  readonly #atExit = (): void => this.#server?.signal('SIGINT');
  readonly #watching: Promise<void>;
  #server: ServerProcess | undefined;
  #restarts = 0;
  #stopping = false;

  constructor(command: ServerCommand, server: ServerProcess, onRestart: OnRestart = () => {}) {
    this.#command = command;
    this.#server = server;
    this.#onRestart = onRestart;
    process.once('exit', this.#atExit);
    this.#watching = this.#watch(server);
  }

  pid(): number | undefined {
    return this.#server?.pid;
  }

  restarts(): number {
    return this.#restarts;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    process.removeListener('exit', this.#atExit);
    const server = this.#server;
    if (server !== undefined) {
      for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
        server.signal(signal);
        if (await waitUntilGone(server.pid, 15_000)) break;
      }
    }
    await this.#watching;
  }

  async #watch(first: ServerProcess): Promise<void> {
    let server = first;
    let waitMs = firstWaitMs;
    for (;;) {
      const since = performance.now();
      const lastWords = await server.ended;
      this.#server = undefined;
      if (this.#stopping) return;
      if (performance.now() - since > healthyAfterMs) waitMs = firstWaitMs;
      this.#command.logger.warn('the embedded PostgreSQL ended by itself', { lastWords });
      const next = await this.#startAgain(waitMs);
      if (next === undefined) return;
      this.#restarts++;
      waitMs = Math.min(waitMs * 2, longestWaitMs);
      server = next;
      this.#onRestart({ restarts: this.#restarts, lastWords });
      this.#command.logger.info('the embedded PostgreSQL is up again', { pid: server.pid });
    }
  }

  /** Tries until it runs: after a kill -9, its children may hold the shared memory for a moment. */
  async #startAgain(firstWait: number): Promise<ServerProcess | undefined> {
    for (let waitMs = firstWait; ; waitMs = Math.min(waitMs * 2, longestWaitMs)) {
      await pause(waitMs);
      if (this.#stopping) return undefined;
      try {
        await endOrphan(this.#command.cluster, this.#command.logger);
        const server = await startServer(this.#command);
        this.#server = server;
        if (this.#stopping) server.signal('SIGINT');
        return server;
      } catch (error) {
        const lastWords = error instanceof Error ? error.message : String(error);
        this.#command.logger.error('the embedded PostgreSQL does not start', { lastWords });
      }
    }
  }
}
