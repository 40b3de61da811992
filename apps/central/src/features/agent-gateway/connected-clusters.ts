import type { Clock, Millis } from '@ambit/kernel';
import { readClusterSync } from '@ambit/persistence';
import type { Sql } from '@ambit/persistence';
import { isConnected } from '../clusters/public.ts';
import type { Connections } from '../policy/public.ts';

/** Which clusters have an agent with a stream, here or on another replica. */
export class ConnectedClusters implements Connections {
  readonly #here: Pick<Connections, 'connected'>;
  readonly #heard: Pick<Connections, 'lastHeard'>;
  readonly #sql: Sql;
  readonly #clock: Clock;

  constructor(
    here: Pick<Connections, 'connected'>,
    heard: Pick<Connections, 'lastHeard'>,
    sql: Sql,
    clock: Clock,
  ) {
    this.#here = here;
    this.#heard = heard;
    this.#sql = sql;
    this.#clock = clock;
  }

  connected(clusterUid: string): boolean {
    return this.#here.connected(clusterUid);
  }

  lastHeard(clusterUid: string): Millis | undefined {
    return this.connected(clusterUid) ? this.#heard.lastHeard(clusterUid) : undefined;
  }

  async among(clusterUids: readonly string[]): Promise<ReadonlySet<string>> {
    const elsewhere = clusterUids.filter((uid) => !this.connected(uid));
    const records = elsewhere.length === 0 ? [] : await readClusterSync(this.#sql, elsewhere);
    const now = this.#clock.now();
    return new Set([
      ...clusterUids.filter((uid) => this.connected(uid)),
      ...records.filter((sync) => isConnected(sync, false, now)).map((sync) => sync.clusterUid),
    ]);
  }
}
