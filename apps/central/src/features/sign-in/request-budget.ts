import { RateLimiterMemory } from 'rate-limiter-flexible';
import { networkOf } from '../../platform/client-address.ts';

/** Of one network: a hundred programs or people behind one address stay below. */
export const requestsPerMinute = 1_200;

/** Sign-ins that one network begins a minute: each leaves a record for ten minutes, whoever asks. */
export const beginningsPerMinute = 60;

/** True while the network of an address has a request left in this minute; asking takes one. */
export type RequestBudget = (address: string) => Promise<boolean>;

/** So many requests of each network a minute, at this replica. */
export function requestBudget(points: number): RequestBudget {
  const limiter = new RateLimiterMemory({ points, duration: 60 });
  return async (address) =>
    limiter.consume(networkOf(address)).then(
      () => true,
      () => false,
    );
}
