import { instantMillis } from '@ambit/kernel';
import type { Millis } from '@ambit/kernel';
import { listAudit } from '@ambit/persistence';
import type { Database } from '@ambit/persistence';

/** When the last step of a change of keys was taken; undefined when there was none, as far as the trail is kept. */
export async function lastKeyStep(database: Database): Promise<Millis | undefined> {
  const { items } = await listAudit(database, { types: ['installation.keys_changed'], limit: 1 });
  return items[0] === undefined ? undefined : instantMillis(items[0].time);
}
