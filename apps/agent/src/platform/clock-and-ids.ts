import type { Clock, Ids } from '@ambit/kernel';
import { v7 } from 'uuid';

/** The clock of the machine. */
export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** UUIDv7 by the clock of the machine; those of one process sort in the order of their making, also when that clock goes back. */
export const timeOrderedIds: Ids = { uuid: () => v7() };
