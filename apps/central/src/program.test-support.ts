import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from '@jest/globals';
import { processEnvironment } from '@ambit/config';
import { eventually } from '@ambit/testing';

const bin = fileURLToPath(new URL('../bin/ambit-central.js', import.meta.url));
const built = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** One `ambit-central` as a process of its own. */
export class Program {
  readonly #child: ChildProcess;
  readonly exited: Promise<number | string>;
  output = '';

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    if (!existsSync(built)) throw new Error('these tests run what is built: npm run build');
    const { PATH = '', HOME = '' } = processEnvironment();
    this.#child = spawn(process.execPath, ['--no-warnings', bin, ...args], {
      env: { PATH, HOME, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (part: Buffer) => (this.output += part.toString()));
    this.exited = new Promise((resolve) =>
      this.#child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown')),
    );
  }

  /** Resolves when central has said that it serves. */
  ready(): Promise<void> {
    return eventually(() => expect(this.output).toMatch(/^ {2}data /m), {
      withinMs: 60_000,
      what: 'the start',
    });
  }

  /** Asks the process for something that does not end it. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(signal: NodeJS.Signals): Promise<number | string> {
    this.#child.kill(signal);
    return this.exited;
  }

  found(pattern: RegExp): string {
    return pattern.exec(this.output)?.[1] ?? '';
  }

  get rest(): string {
    return this.found(/^ {2}REST API +(\S+)/m);
  }

  get agents(): string {
    return this.found(/^ {2}agents +(\S+)/m);
  }
}

/** Flags that let every port be chosen by the system. */
export const freePorts = [
  '--listen',
  '127.0.0.1:0',
  '--agent-listen',
  '127.0.0.1:0',
  '--health-listen',
  '127.0.0.1:0',
];
