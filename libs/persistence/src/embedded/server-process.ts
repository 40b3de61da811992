import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@ambit/kernel';
import { pause } from './orphaned-server.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { insideName, inWordsOfPeople, spawnInside } from './server-folder.ts';
import type { ServerUser } from './server-user.ts';

export interface ServerCommand {
  readonly binaries: PostgresBinaries;
  readonly cluster: string;
  readonly user: ServerUser | undefined;
  readonly port: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly logger: Logger;
}

/** A started `postgres`; `ended` resolves once, with the last lines it wrote. */
export interface ServerProcess {
  readonly pid: number;
  readonly ended: Promise<string>;
  signal(name: NodeJS.Signals): void;
}

const defaults = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_wal_size: '512MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_destination: 'stderr',
  logging_collector: 'off',
} as const;

function commandLine(command: ServerCommand): [string, ...string[]] {
  const settings = { ...defaults, ...command.settings, port: String(command.port) };
  const options = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  return [command.binaries.postgres, '-D', insideName(command.cluster), ...options];
}

function followLog(child: ChildProcess, { logger, cluster }: ServerCommand): () => string {
  let tail = '';
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-2_000);
    const lines = (rest + text).split('\n').map((line) => inWordsOfPeople(line, cluster));
    rest = (lines.pop() ?? '').slice(-8_000);
    for (const line of lines) {
      // What a stop says to connections that are just being closed is nobody's concern.
      const ordered = line.includes('due to administrator command');
      if (/ (FATAL|PANIC): /.test(line) && !ordered) logger.warn('postgres', { line });
      else logger.debug('postgres', { line });
    }
  });
  return () => inWordsOfPeople(tail.trim(), cluster);
}

function launch(command: ServerCommand): ServerProcess {
  const child = spawnInside(command.cluster, commandLine(command), command.user, [
    'ignore',
    'ignore',
    'pipe',
  ]);
  const log = followLog(child, command);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) =>
      resolve(log() || `postgres ended with ${String(signal ?? code)}`),
    );
  });
  const pid = child.pid ?? 0;
  return { pid, ended, signal: (name) => void child.kill(name) };
}

/** Line 8 of the lock file says when connections are accepted; no password has to travel for it. */
async function isReady(cluster: string, pid: number): Promise<boolean> {
  const lines = (await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '')).split(
    '\n',
  );
  return lines[0] === String(pid) && lines[7]?.trim() === 'ready';
}

/** Starts the server and resolves when it accepts connections. Throws with its last words when it ends before. */
export async function startServer(
  command: ServerCommand,
  withinMs = 60_000,
): Promise<ServerProcess> {
  const server = launch(command);
  let lastWords: string | undefined;
  void server.ended.then((text) => {
    lastWords = text;
  });
  const deadline = performance.now() + withinMs;
  while (!(await isReady(command.cluster, server.pid))) {
    if (lastWords !== undefined) throw new Error(lastWords);
    if (performance.now() > deadline) {
      server.signal('SIGQUIT');
      throw new Error(`postgres was not ready within ${withinMs} ms`);
    }
    await pause(10);
  }
  return server;
}
