import { setTimeout as after } from 'node:timers/promises';
import { Session } from 'node:inspector/promises';

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
const opensWithinMs = 2_000;

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
  const answers = new Map<number, (result: unknown) => void>();
  let last = 0;
  socket.addEventListener('message', ({ data }) => {
    const { id, result } = JSON.parse(String(data)) as { id?: number; result?: unknown };
    if (id !== undefined) answers.get(id)?.(result);
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve);
    socket.addEventListener('error', () => reject(new Error(`process ${pid} is not inspected`)));
  });
  const post: Inspected['post'] = (method, params = {}) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      answers.set(id, resolve);
      socket.addEventListener('close', () => reject(new Error(`process ${pid} has ended`)));
      socket.send(JSON.stringify({ id, method, params }));
    });
  const told = await post('Runtime.evaluate', { expression: 'process.pid' });
  const { result } = told as { readonly result: { readonly value?: unknown } };
  if (result.value !== pid) throw new Error(`${inspector} is of process ${String(result.value)}`);
  return { post, close: () => socket.close() };
}

async function addressOf(): Promise<string> {
  const deadline = performance.now() + opensWithinMs;
  for (;;) {
    try {
      const [found] = (await (await fetch(inspector)).json()) as { webSocketDebuggerUrl: string }[];
      if (found !== undefined) return found.webSocketDebuggerUrl;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await after(20);
  }
}
