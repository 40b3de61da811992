import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { loadKubeconfig } from '@ambit/kube';

export interface RawWork {
  readonly server: string;
  readonly identity: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly requests: readonly RawRequest[];
  readonly inFlight: number;
}

export interface RawRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: string;
}

export interface RawWorkDone {
  readonly wallMs: number;
  readonly cpuMs: number;
  /** How many answers of each status. */
  readonly statuses: Readonly<Record<number, number>>;
  readonly latenciesMs: readonly number[];
}

export interface RawOptions {
  readonly inFlight?: number;
  /** Flags of V8 and Node, to see what those of the agent cost. */
  readonly flags?: readonly string[];
}

/** Sends requests as the user of a kubeconfig, 64 at once by default. Throws when one is not answered with `status`. */
export async function sendRaw(
  kubeconfig: string,
  requests: readonly RawRequest[],
  status: number,
  { inFlight = 64, flags = [] }: RawOptions = {},
): Promise<RawWorkDone> {
  const connection = await loadKubeconfig(kubeconfig);
  const { ca, cert, key } = await connection.identity();
  const identity = withoutHoles({ ca, cert, key });
  const child = fork(fileURLToPath(new URL('raw-requests.ts', import.meta.url)), {
    execArgv: ['--no-warnings', ...flags],
  });
  child.send({ server: connection.server, identity, requests, inFlight } satisfies RawWork);
  const [done] = (await once(child, 'message')) as [RawWorkDone];
  if (done.statuses[status] !== requests.length) {
    throw new Error(`not all were answered ${status}: ${JSON.stringify(done.statuses)}`);
  }
  return done;
}

function withoutHoles(identity: {
  [Part in keyof RawWork['identity']]: string | undefined;
}): RawWork['identity'] {
  return Object.fromEntries(Object.entries(identity).filter(([, part]) => part !== undefined));
}
