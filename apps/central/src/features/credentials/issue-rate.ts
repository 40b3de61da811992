import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { AppError } from '@ambit/kernel';

/** Far more than a person with a script over a whole fleet needs, for what is got is kept until it ends. */
export const mostIssuedPerMinute = 120;

/**
 * Bounds how often one person or program asks for credentials at this replica, by whatever sessions: each is a signature
 * and an audit event.
 */
export class IssueRate {
  readonly #asked = new RateLimiterMemory({ points: mostIssuedPerMinute, duration: 60 });

  /** Counts one. Throws `rate_limited` with the seconds to wait when there were too many. */
  async count(principalUid: string): Promise<void> {
    try {
      await this.#asked.consume(principalUid);
    } catch (refused) {
      if (refused instanceof RateLimiterRes) throw tooMany(refused);
      throw refused;
    }
  }
}

function tooMany({ msBeforeNext }: RateLimiterRes): AppError {
  const seconds = Math.max(1, Math.ceil(msBeforeNext / 1000));
  return new AppError('rate_limited', 'Too many credentials were asked for.', {
    why: `One person or program is given at most ${mostIssuedPerMinute} a minute.`,
    hint: `Use each until it ends, and ask again in ${seconds} s.`,
    details: { retryAfterSeconds: seconds },
  });
}
