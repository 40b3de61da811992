import type { Logger } from '@ambit/kernel';
import { certificatesFromPem, followTrust, trustFromText } from '@ambit/transport';
import { identityTrust } from '../identity/agent-trust.ts';
import { writeIdentity } from '../identity/agent-identity.ts';
import type { AgentIdentityRecord } from '../identity/agent-identity.ts';
import { replicaObjects } from './replica-rights.ts';

/**
 * The identity that another replica left for the same agent, as far as this one may believe it: key and certificate as they
 * are, and whom to trust only by the steps that keys which are trusted here already signed. Else whoever writes the Secret,
 * and had read it, would name keys of its own.
 */
export function believedIdentity(
  ours: AgentIdentityRecord,
  theirs: AgentIdentityRecord,
  logger: Logger,
): AgentIdentityRecord {
  if (trustText(ours) === trustText(theirs)) return theirs;
  const { installationUid, trustVersion, stateKeys, epochKeys } = ours;
  const held = { installationUid, trustVersion, stateKeys, epochKeys };
  const steps = (theirs.trustSteps ?? []).flatMap(readStep);
  const { trust } = followTrust({ ...held, ca: certificatesFromPem(ours.ca) }, steps);
  // Where trust in epochs began is no matter of a renewal.
  const believed = { ...theirs, ...identityTrust(trust), stateEpoch: ours.stateEpoch };
  if (trustText(believed) !== trustText(theirs)) {
    logger.error(
      'the identity in the Secret trusts others than any trusted key signed: they are not trusted here',
      {
        secret: replicaObjects,
        hint: 'Find out who wrote the Secret. Were keys of central changed while an older agent acted, join anew with a token.',
      },
    );
  }
  return believed;
}

function readStep(line: string): ReturnType<typeof trustFromText>[] {
  try {
    return [trustFromText(line)];
  } catch {
    return [];
  }
}

function trustText(identity: AgentIdentityRecord): string {
  const { ca, stateKeys, epochKeys, trustVersion, stateEpoch } = JSON.parse(
    writeIdentity(identity),
  ) as AgentIdentityRecord;
  return JSON.stringify([ca, stateKeys, epochKeys, trustVersion, stateEpoch]);
}
