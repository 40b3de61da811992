import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { DevProvider, DevProviderOptions } from '../dev-provider.ts';
import type { ProviderOrder, ProviderReply } from './provider-messages.ts';

/** Starts a provider in a process of its own, which ends with this one. Throws when it does not start. */
export async function startProviderProcess(options: DevProviderOptions): Promise<DevProvider> {
  // From the sources under a test, and from what was built under a program.
  const name = `./main${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`;
  const child = fork(fileURLToPath(new URL(name, import.meta.url)), {
    execArgv: ['--conditions=@ambit/source', '--no-warnings'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  // What was told before waits for its answer.
  let last: Promise<unknown> = Promise.resolve();
  const tell = (order: ProviderOrder): Promise<ProviderReply> => {
    const told = last.then(() => ask(child, order));
    last = told.catch(() => undefined);
    return told;
  };
  const stop = (): Promise<void> => endOf(child);
  const { started } = await tell({ start: options }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  if (started === undefined) throw new Error('the provider did not start');
  return {
    ...started,
    misbehave: async (faults) => void (await tell({ misbehave: faults })),
    rotateKeys: async () => void (await tell({ rotateKeys: true })),
    logoutToken: async (name, claims = {}) =>
      (await tell({ logoutToken: name, claims })).logoutToken ?? '',
    stop,
  };
}

/** Ctrl-C in a terminal ends it together with who started it: then there is nothing to wait for. */
async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function ask(child: ChildProcess, order: ProviderOrder): Promise<ProviderReply> {
  const answered = Promise.withResolvers<ProviderReply>();
  const gone = (): void => answered.reject(new Error('the provider ended'));
  child.once('message', answered.resolve).once('exit', gone);
  child.send(order);
  try {
    const reply = await answered.promise;
    if (reply.failed !== undefined) throw new Error(reply.failed);
    return reply;
  } finally {
    child.off('exit', gone).off('message', answered.resolve);
  }
}
