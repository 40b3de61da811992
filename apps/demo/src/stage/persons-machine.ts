import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from '@ambit/config';
import { waitUntil } from '@ambit/dev-cluster';
import type { DemoStage } from './demo-stage.ts';
import { eventuallyTrue } from './eventually-true.ts';
import { programPaths } from './program-paths.ts';
import { runCommand, type CommandResult } from './run-command.ts';

const loginWithinMs = 60_000;

/** The machine of somebody who works with the clusters: the command, kubectl, and nothing else of ours. */
export class PersonsMachine {
  readonly #stage: DemoStage;
  readonly #environment: Environment;

  private constructor(stage: DemoStage, environment: Environment) {
    this.#stage = stage;
    this.#environment = environment;
  }

  static async open(stage: DemoStage, name: string): Promise<PersonsMachine> {
    const home = join(stage.folder.path, name);
    await mkdir(join(home, 'bin'), { recursive: true, mode: 0o700 });
    // As `npm install` puts it on the PATH: kubectl starts it by its name.
    const command = `#!/bin/sh\nexec '${process.execPath}' '${programPaths.cli}' "$@"\n`;
    await writeFile(join(home, 'bin', 'ambit'), command, { mode: 0o755 });
    return new PersonsMachine(stage, {
      PATH: `${join(home, 'bin')}:/usr/bin:/bin`,
      HOME: home,
      KUBECONFIG: join(home, 'kubeconfig'),
      AMBIT_CONFIG_DIR: join(home, 'config'),
      AMBIT_CACHE_DIR: join(home, 'cache'),
      AMBIT_STATE_DIR: join(home, 'state'),
      AMBIT_CA_FILE: stage.tls.caFile,
    });
  }

  ambit(...args: readonly string[]): Promise<CommandResult> {
    return this.#run(process.execPath, [programPaths.cli, ...args]);
  }

  kubectl(...args: readonly string[]): Promise<CommandResult> {
    return this.#run(this.#stage.kubectl, args);
  }

  #run(program: string, args: readonly string[]): Promise<CommandResult> {
    const { signal } = this.#stage;
    return runCommand(program, args, { environment: this.#environment, signal });
  }

  /** `ambit login --device`: whoever holds the link approves it, and then it ends by itself. */
  async login(approve: (link: string) => Promise<void>): Promise<void> {
    const { folder, central, signal } = this.#stage;
    const login = folder.start({
      name: 'login',
      program: process.execPath,
      args: [programPaths.cli, 'login', central.url, '--device'],
      environment: this.#environment,
    });
    let link: string | undefined;
    await waitUntil({
      what: 'it showed a link',
      process: login,
      deadline: performance.now() + loginWithinMs,
      signal,
      probe: async () => (link = await login.logged(/https:\S+\/oauth2\/device\S*/)) !== undefined,
    });
    await approve(link ?? '');
    const what = 'ambit login ended';
    const ended = async (): Promise<boolean> => !login.alive;
    await eventuallyTrue(ended, { what, withinMs: loginWithinMs, everyMs: 20, signal });
    if ((await login.logged(/^signed in to /m)) === undefined) throw new Error(await login.tail());
  }
}
