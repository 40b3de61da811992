import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AmbitClient } from '@ambit/client';
import { freePorts, waitUntil } from '@ambit/dev-cluster';
import type { ManagedProcess } from '@ambit/dev-cluster';
import type { Fleet } from './fleet.ts';

/** Another `ambit-central` of the fleet's installation: the same keys and database, a data folder and ports of its own. */
export class Replica {
  readonly #fleet: Fleet;
  readonly #dataDir: string;
  readonly #ports: readonly number[];
  #process: ManagedProcess | undefined;
  #starts = 0;

  private constructor(fleet: Fleet, dataDir: string, ports: readonly number[]) {
    this.#fleet = fleet;
    this.#dataDir = dataDir;
    this.#ports = ports;
  }

  static async start(fleet: Fleet): Promise<Replica> {
    const replica = await Replica.prepare(fleet);
    await replica.startAgain();
    return replica;
  }

  /** All that it needs is there, but it does not run. */
  static async prepare(fleet: Fleet): Promise<Replica> {
    const dataDir = join(fleet.folder.path, 'replica');
    await mkdir(join(dataDir, 'central'), { recursive: true, mode: 0o700 });
    await cp(join(fleet.folder.path, 'central/keys'), join(dataDir, 'central/keys'), {
      recursive: true,
    });
    return new Replica(fleet, dataDir, await freePorts(3));
  }

  get agentAddress(): string {
    return `127.0.0.1:${this.#ports[1]}`;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#ports[0]}`;
  }

  client(): AmbitClient {
    return new AmbitClient({ server: this.url, token: this.#fleet.token });
  }

  async startAgain(): Promise<void> {
    const [rest, agents, health] = this.#ports;
    this.#starts++;
    const started = this.#fleet.folder.start({
      name: `replica-${this.#starts}`,
      program: process.execPath,
      args: [
        this.#fleet.programs.central,
        `--data-dir=${this.#dataDir}`,
        `--listen=127.0.0.1:${rest}`,
        `--agent-listen=127.0.0.1:${agents}`,
        `--health-listen=127.0.0.1:${health}`,
      ],
      environment: this.#fleet.centralEnvironment,
    });
    this.#process = started;
    await waitUntil({
      what: 'the replica was ready',
      process: started,
      deadline: performance.now() + 60_000,
      probe: async () => {
        const answer = await fetch(`http://127.0.0.1:${health}/readyz`, {
          signal: AbortSignal.timeout(2_000),
        });
        if (answer.status !== 200) throw new Error(await answer.text());
        return true;
      },
    });
  }

  async stop(): Promise<void> {
    await this.#process?.stop(15_000);
  }
}
