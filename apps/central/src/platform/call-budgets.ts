import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { AppError, toAppError } from '@ambit/kernel';
import { addressOfPeer, callerGroup } from '@ambit/transport';
import type { AgentServerHandlers, MessageStream, PublicCall } from '@ambit/transport';
import { Turns } from './turns.ts';

/** Calls of one address without a certificate; a fleet behind one address enrols within minutes. */
const strangers = { points: 300, duration: 10 };
/** Streams that one certificate opens: an agent that comes back again and again stays far below. */
const streams = { points: 30, duration: 10 };
const renewals = { points: 20, duration: 60 };

/**
 * The handlers of the agent port with a budget for every caller, spent before anything is looked up: by address for
 * calls that need no certificate, by certificate for the others.
 */
export function withCallBudgets(handlers: AgentServerHandlers): AgentServerHandlers {
  const byAddress = new RateLimiterMemory(strangers);
  const byStream = new RateLimiterMemory(streams);
  const byRenewal = new RateLimiterMemory(renewals);
  const turns = new Turns({ running: 4, waiting: 1_024, waitingPerGroup: 256 });
  const open = async <T>(call: PublicCall, work: () => Promise<T>): Promise<T> => {
    const group = callerGroup(addressOfPeer(call.remote));
    await spend(byAddress, group);
    return turns.run(group, work);
  };
  // A stream has to be listened to in the turn it comes; the refusal is there before its first message.
  const counted = <In, Out>(
    stream: MessageStream<In, Out>,
    key: string,
  ): MessageStream<In, Out> => {
    spend(byStream, key).catch((error: unknown) => stream.fail(toAppError(error)));
    return stream;
  };
  return {
    enroll: (request, call) => open(call, () => handlers.enroll(request, call)),
    renewChallenge: (request, call) => open(call, () => handlers.renewChallenge(request, call)),
    renewExpired: (request, call) => open(call, () => handlers.renewExpired(request, call)),
    renew: async (request, call) => {
      await spend(byRenewal, call.peer.fingerprint);
      return handlers.renew(request, call);
    },
    connect: (stream, call) =>
      handlers.connect(counted(stream, `sync ${call.peer.fingerprint}`), call),
    push: (stream, call) => handlers.push(counted(stream, `audit ${call.peer.fingerprint}`), call),
  };
}

async function spend(budget: RateLimiterMemory, key: string): Promise<void> {
  try {
    await budget.consume(key);
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    const seconds = Math.max(1, Math.ceil(refused.msBeforeNext / 1_000));
    throw new AppError('rate_limited', 'This caller asks too often.', {
      hint: `Try again in ${seconds} s.`,
      details: { retryAfterSeconds: seconds },
    });
  }
}
