import { ownerLabels } from '@ambit/rbac';
import type { AgentParts } from '../agent-parts.ts';
import { systemClock } from '../platform/clock-and-ids.ts';
import type { Teardown } from '../platform/teardown.ts';
import { within } from '../platform/within.ts';
import type { HeldCredentials } from '../token-webhook/held-credentials.ts';
import { ClientCertificates } from './client-certificates.ts';
import { CredentialDesk } from './credential-desk.ts';
import type { CredentialMakers } from './credential-maker.ts';

const finishWithinMs = 2_000;

/** The desk of a running agent, with everything it can make: `makers`, and client certificates. */
export function openCredentialDesk(
  parts: AgentParts,
  {
    held,
    makers,
  }: { readonly held: Pick<HeldCredentials, 'refusalOf'>; readonly makers: CredentialMakers },
  teardown: Teardown,
): CredentialDesk {
  const { kubernetes, keeper, ceiling, clockInterval: time, trail, logger } = parts;
  const { client, kubeSystemUid: clusterUid } = kubernetes;
  const labels = ownerLabels({ clusterUid, installationUid: keeper.identity.installationUid });
  const certificates = new ClientCertificates({ client, labels, logger });
  // Where the owner does not want them, there are no rights to look either.
  if (ceiling.ceiling.credentials.includes(certificates.way)) certificates.clearLeft();
  teardown.add('certificate requests', () => within(finishWithinMs, certificates.settled()));
  return new CredentialDesk({
    makers: { ...makers, clientCertificate: certificates },
    ceiling: () => ceiling.ceiling,
    refusalOf: (name, session) => held.refusalOf(name, session),
    trail,
    time,
    clock: systemClock,
    logger,
  });
}
