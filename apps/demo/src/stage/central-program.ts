import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AmbitClient } from '@ambit/client';
import type { Environment } from '@ambit/config';
import { waitUntil, type ManagedProcess, type ProcessFolder } from '@ambit/dev-cluster';
import { AppError } from '@ambit/kernel';
import type { CentralTls } from './central-tls.ts';
import type { DemoPorts } from './claim-ports.ts';
import { programPaths } from './program-paths.ts';

export interface CentralOptions {
  readonly folder: ProcessFolder;
  readonly ports: DemoPorts;
  readonly environment: Environment;
  readonly tls: CentralTls;
}

const startWithinMs = 60_000;
const graceMs = 15_000;

/** `ambit-central` as a user starts it, on the embedded default. It can be stopped and started again. */
export class CentralProgram {
  readonly url: string;
  readonly agentAddress: string;
  private readonly options: CentralOptions;
  private process: ManagedProcess | undefined;
  private adminToken: string | undefined;
  private starts = 0;

  constructor(options: CentralOptions) {
    this.options = options;
    this.url = `https://127.0.0.1:${options.ports.rest}`;
    this.agentAddress = `127.0.0.1:${options.ports.agents}`;
  }

  get healthUrl(): string {
    return `http://127.0.0.1:${this.options.ports.health}`;
  }

  /** Kept by central in its data folder at its first start. */
  get token(): string {
    if (this.adminToken !== undefined) return this.adminToken;
    throw new AppError('internal', 'central has not been started yet.');
  }

  /** Starts the program and resolves when it says that it is ready; gives the milliseconds it took. */
  async start(signal: AbortSignal): Promise<number> {
    const began = performance.now();
    this.starts += 1;
    const { folder, ports, environment, tls } = this.options;
    const process_ = folder.start({
      name: this.starts === 1 ? 'central' : `central-${this.starts}`,
      program: process.execPath,
      args: [
        programPaths.central,
        `--data-dir=${folder.path}`,
        `--listen=127.0.0.1:${ports.rest}`,
        `--public-url=${this.url}`,
        `--tls-cert=${tls.certFile}`,
        `--tls-key=${tls.keyFile}`,
        `--agent-listen=127.0.0.1:${ports.agents}`,
        `--agent-address=${this.agentAddress}`,
        `--health-listen=127.0.0.1:${ports.health}`,
      ],
      environment,
    });
    this.process = process_;
    await waitUntil({
      what: 'central was ready',
      process: process_,
      deadline: began + startWithinMs,
      signal,
      probe: async () => {
        await checkReady(`${this.healthUrl}/readyz`);
        this.adminToken ??= await firstToken(folder.path);
        return this.adminToken !== undefined;
      },
    });
    return performance.now() - began;
  }

  async stop(): Promise<void> {
    await this.process?.stop(graceMs);
  }

  client(): AmbitClient {
    const { ca } = this.options.tls;
    return new AmbitClient({ server: this.url, token: this.token, ca, userAgent: 'ambit-demo' });
  }
}

/** Undefined until central has written it. */
async function firstToken(dataDir: string): Promise<string | undefined> {
  const path = join(dataDir, 'central', 'first-admin.token');
  const text = await readFile(path, 'utf8').catch(() => '');
  return text === '' ? undefined : text.trim();
}

async function checkReady(url: string): Promise<void> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  const said = await response.text();
  if (response.status !== 200) throw new Error(said.trim());
}
