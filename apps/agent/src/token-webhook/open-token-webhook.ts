import type { AgentParts } from '../agent-parts.ts';
import { systemClock } from '../platform/clock-and-ids.ts';
import type { HeldCredentials } from './held-credentials.ts';
import { TokenWebhook } from './token-webhook.ts';
import { webhookCertificate } from './webhook-certificate.ts';

/** The token webhook of a running agent; undefined when no setting asks for one. Throws what `TokenWebhook.start` throws. */
export async function openTokenWebhook(
  parts: Pick<AgentParts, 'settings' | 'ceiling' | 'clockInterval' | 'observation' | 'logger'>,
  credentials: HeldCredentials,
): Promise<TokenWebhook | undefined> {
  const { settings, ceiling, observation, logger } = parts;
  if (settings.webhookListen === undefined) return undefined;
  const webhook = new TokenWebhook({
    address: settings.webhookListen,
    certificate: await webhookCertificate(settings),
    credentials,
    ceiling: () => ceiling.ceiling,
    time: parts.clockInterval,
    clock: systemClock,
    answered: (result) => observation.meters.webhookReviews.inc({ result }),
    logger,
  });
  await webhook.start();
  return webhook;
}
