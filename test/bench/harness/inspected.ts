import { Session } from 'node:inspector/promises';
import { eventually } from '@ambit/testing';

/** V8's own account of a process: `Profiler.Profile` of the DevTools protocol, as far as it is read here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      /** From 0. */
      readonly lineNumber: number;
      readonly columnNumber: number;
    };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

interface Inspected {
  post(method: string, params?: object): Promise<unknown>;
  close(): void;
}

const everyMicroseconds = 200;
/** Where a process that gets SIGUSR1 lets itself be looked into; there can be one at a time. */
const inspector = 'http://127.0.0.1:9229/json/list';
const opensWithinMs = 5_000;

/** Runs `work` while V8 takes samples of this process, or of another one that runs on Node. */
export async function sampled<T>(
  pid: number,
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly profile: CpuProfile }> {
  const inspected = pid === process.pid ? ofThisProcess() : await ofProcess(pid);
  try {
    await inspected.post('Profiler.enable');
    await inspected.post('Profiler.setSamplingInterval', { interval: everyMicroseconds });
    await inspected.post('Profiler.start');
    const value = await work();
    const { profile } = (await inspected.post('Profiler.stop')) as { profile: CpuProfile };
    return { value, profile };
  } finally {
    inspected.close();
  }
}

function ofThisProcess(): Inspected {
  const session = new Session();
  session.connect();
  return {
    post: (method, params) => session.post(method as 'Profiler.start', params as undefined),
    close: () => session.disconnect(),
  };
}

async function ofProcess(pid: number): Promise<Inspected> {
  process.kill(pid, 'SIGUSR1');
  const socket = new WebSocket(await addressOf());
  const asked = new Map<number, PromiseWithResolvers<unknown>>();
  const opened = Promise.withResolvers<unknown>();
  let last = 0;
  socket.addEventListener('open', opened.resolve);
  socket.addEventListener('message', ({ data }) => {
    const answer = JSON.parse(String(data)) as { id?: number; result?: unknown; error?: object };
    const waiting = asked.get(answer.id ?? 0);
    if (answer.error === undefined) waiting?.resolve(answer.result);
    else waiting?.reject(new Error(`process ${pid}: ${JSON.stringify(answer.error)}`));
  });
  socket.addEventListener('close', () => {
    for (const { reject } of [opened, ...asked.values()])
      reject(new Error(`process ${pid} is not looked into any more`));
  });
  await opened.promise;
  const post: Inspected['post'] = (method, params = {}) => {
    const waiting = Promise.withResolvers<unknown>();
    asked.set(++last, waiting);
    socket.send(JSON.stringify({ id: last, method, params }));
    return waiting.promise;
  };
  const told = await post('Runtime.evaluate', { expression: 'process.pid' });
  const { result } = told as { readonly result: { readonly value?: unknown } };
  if (result.value !== pid) throw new Error(`${inspector} is of process ${String(result.value)}`);
  return { post, close: () => socket.close() };
}

function addressOf(): Promise<string> {
  return eventually(
    async () => {
      const answer = await fetch(inspector);
      const [found] = (await answer.json()) as { readonly webSocketDebuggerUrl: string }[];
      if (found === undefined) throw new Error('nobody is there');
      return found.webSocketDebuggerUrl;
    },
    { withinMs: opensWithinMs, everyMs: 20, what: 'the inspector of a process' },
  );
}
