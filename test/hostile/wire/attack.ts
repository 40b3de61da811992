import type { ClientHttp2Session } from 'node:http2';
import { openSession } from './raw-session.ts';
import type { StolenIdentity, Target } from './raw-session.ts';

export interface Attacked {
  readonly attempts: number;
  /** What should not have been possible. */
  readonly got: readonly string[];
}

export interface Surroundings {
  readonly target: Target;
  /** Enrolled for a cluster of its own, live and valid. */
  readonly identity: StolenIdentity;
  /** uid of a cluster that is not the attacker's. */
  readonly foreignClusterUid: string;
  /** performance.now() at which to stop. */
  readonly until: number;
}

export type Attack = (surroundings: Surroundings) => Promise<Attacked>;

export const done = ({ until }: Surroundings): boolean => performance.now() >= until;
export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms));

/** Many callers side by side, each with a connection of its own that is dialled again when it is cut. */
export async function inParallel(
  surroundings: Surroundings,
  callers: number,
  once_: (session: ClientHttp2Session) => Promise<string | undefined>,
  identity?: StolenIdentity,
): Promise<Attacked> {
  let attempts = 0;
  const got: string[] = [];
  const caller = async (): Promise<void> => {
    let session: ClientHttp2Session | undefined;
    while (!done(surroundings)) {
      if (session === undefined || session.destroyed || session.closed) {
        session = await openSession(surroundings.target, identity).catch(() => undefined);
        if (session === undefined) await pause(20);
        continue;
      }
      attempts++;
      // A session that central ended in the middle throws where it is used next.
      const strange = await once_(session).catch(() => undefined);
      if (strange !== undefined) got.push(strange);
    }
    session?.destroy();
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { attempts, got };
}
