import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import type { Environment } from '@ambit/config';
import { AppError } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import type { ExecPlugin } from './exec-plugin.ts';
import { inheritedByPlugins } from './plugin-environment.ts';

export interface ExecCredentialsOptions {
  readonly plugin: ExecPlugin;
  readonly cluster: Readonly<Record<string, unknown>>;
  /** Folder of the kubeconfig: a command with a slash in it is relative to it. */
  readonly folder: string;
  readonly environment: Environment;
  /** Wall clock. */
  readonly now?: () => Millis;
}

interface ExecIdentity {
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
}

const runWithinMs = 30_000;
/** A credential is replaced before its end, so that no request travels with one that ends on the way. */
const earlyMs = 30_000;
const maxOutputBytes = 1024 * 1024;

/**
 * The client-go credential plugin protocol (`client.authentication.k8s.io`). The answer is kept until the end it names
 * itself; callers at the same moment share one run.
 */
export class ExecCredentials {
  readonly #options: ExecCredentialsOptions;
  readonly #now: () => Millis;
  #current: { readonly identity: ExecIdentity; readonly until: Millis } | undefined;
  #running: Promise<ExecIdentity> | undefined;

  constructor(options: ExecCredentialsOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => Date.now());
  }

  /** Throws `AppError` `config_invalid` when the plugin fails, with what it said on standard error. */
  identity(): Promise<ExecIdentity> {
    if (this.#current !== undefined && this.#now() < this.#current.until) {
      return Promise.resolve(this.#current.identity);
    }
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  forget(): void {
    this.#current = undefined;
  }

  async #run(): Promise<ExecIdentity> {
    const { plugin } = this.#options;
    const output = await runPlugin(this.#options);
    const status = parseStatus(output, plugin);
    const identity = {
      ...(status.clientCertificateData === undefined ? {} : { cert: status.clientCertificateData }),
      ...(status.clientKeyData === undefined ? {} : { key: status.clientKeyData }),
      ...(status.token === undefined ? {} : { token: status.token }),
    };
    const end = Date.parse(status.expirationTimestamp ?? '');
    this.#current = { identity, until: Number.isNaN(end) ? Infinity : end - earlyMs };
    return identity;
  }
}

function runPlugin(options: ExecCredentialsOptions): Promise<string> {
  const { plugin, folder } = options;
  const command = plugin.command.includes('/') ? resolve(folder, plugin.command) : plugin.command;
  return new Promise((done, failed) => {
    const child = spawn(command, [...plugin.args], {
      env: pluginEnvironment(options),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: runWithinMs,
      killSignal: 'SIGKILL',
    });
    const out: Buffer[] = [];
    let size = 0;
    let complaint = '';
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxOutputBytes) child.kill('SIGKILL');
      else out.push(chunk);
    });
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = `${complaint}${chunk.toString()}`.slice(-500);
    });
    child.on('error', (cause) => failed(pluginError(plugin, cause.message)));
    child.on('close', (code, signal) => {
      if (code === 0) done(Buffer.concat(out).toString());
      else failed(pluginError(plugin, complaint.trim() || `it ended with ${code ?? signal}`));
    });
  });
}

function pluginEnvironment(options: ExecCredentialsOptions): Record<string, string | undefined> {
  const { plugin } = options;
  const info = {
    apiVersion: plugin.apiVersion,
    kind: 'ExecCredential',
    spec: {
      interactive: false,
      ...(plugin.provideClusterInfo ? { cluster: options.cluster } : {}),
    },
  };
  return {
    ...inheritedByPlugins(options.environment),
    ...Object.fromEntries(plugin.env.map((entry) => [entry.name, entry.value])),
    KUBERNETES_EXEC_INFO: JSON.stringify(info),
  };
}

interface ExecStatus {
  readonly expirationTimestamp?: string;
  readonly token?: string;
  readonly clientCertificateData?: string;
  readonly clientKeyData?: string;
}

/** The output holds a credential: it is never shown. */
function parseStatus(output: string, plugin: ExecPlugin): ExecStatus {
  let answer: { apiVersion?: unknown; status?: ExecStatus } | null;
  try {
    answer = JSON.parse(output) as typeof answer;
  } catch {
    throw pluginError(plugin, 'it did not print an ExecCredential');
  }
  const status = answer?.status;
  if (
    answer?.apiVersion !== plugin.apiVersion ||
    (status?.token ?? status?.clientCertificateData) === undefined
  ) {
    throw pluginError(plugin, `it did not print a credential of ${plugin.apiVersion}`);
  }
  return status as ExecStatus;
}

function pluginError(plugin: ExecPlugin, why: string): AppError {
  const extras = plugin.installHint === undefined ? {} : { hint: plugin.installHint };
  const message = `The credential plugin ${plugin.command} failed: ${why}`;
  return new AppError('config_invalid', message, extras);
}
