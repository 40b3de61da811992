import { AppError, isAppError } from '@ambit/kernel';
import type { Clock, Logger } from '@ambit/kernel';
import { connectToCentral } from '@ambit/transport';
import type { WayOut } from '@ambit/transport';
import { validityOf } from './agent-identity.ts';
import type { AgentIdentityRecord, IdentityFile } from './agent-identity.ts';
import { enrol, joinTokenDigest } from './enrol.ts';
import { renew } from './renew.ts';

export interface IdentityRequest {
  /** host:port; absent: the one that was used last. */
  readonly server: string | undefined;
  readonly joinToken: string | undefined;
  readonly kubeSystemUid: string;
  readonly kubernetesVersion: string;
  readonly agentVersion: string;
  readonly wayOut?: WayOut | undefined;
}

export interface IdentityPorts {
  readonly file: IdentityFile;
  readonly clock: Pick<Clock, 'now'>;
  readonly logger: Logger;
}

const renewableForMs = 7 * 86_400_000;

/**
 * The identity that is there, or a new one for the join token. A token given to an agent whose identity still works is
 * left unspent. An agent that was enrolled once always goes on: ends have to be enforced whatever central thinks of it.
 *
 * Throws `config_invalid` when there is neither identity nor token, and what `enrol` throws when there is no identity.
 */
export async function obtainIdentity(
  request: IdentityRequest,
  ports: IdentityPorts,
): Promise<AgentIdentityRecord> {
  const found = await ports.file.load();
  if (found === undefined) return enrolAnew(request, ports);
  if (found.kubeSystemUid !== request.kubeSystemUid) throw movedFolder(found);
  const server = request.server ?? found.server;
  const { joinToken } = request;
  // A pod is given the token at every start: the one that is spent already says nothing.
  const known = joinToken !== undefined && found.joinedBy === joinTokenDigest(joinToken);
  const spent = known && (await ports.file.refusal()) === undefined;
  if (joinToken === undefined || spent) return atServer(found, server, ports);
  const kept = await stillWorks({ ...found, server }, request.wayOut, ports);
  if (kept !== undefined) {
    ports.logger.info('the join token is not needed and stays unspent: this agent is enrolled', {
      cluster: kept.clusterName,
    });
    return atServer(kept, server, ports);
  }
  try {
    return await enrolAnew({ ...request, server }, ports);
  } catch (error) {
    ports.logger.error('the join token was of no use; the agent goes on with what it accepted', {
      error,
    });
    return found;
  }
}

function enrolAnew(
  { server, joinToken, ...facts }: IdentityRequest,
  { file, logger }: IdentityPorts,
): Promise<AgentIdentityRecord> {
  if (joinToken === undefined) {
    throw new AppError('config_invalid', 'This agent has no identity and no join token.', {
      hint: 'Make a token and give it with --join-token-file FILE, or - for standard input.',
      nextCommand: 'ambit cluster add NAME',
    });
  }
  if (server === undefined) {
    throw new AppError('config_invalid', 'The address of central is missing.', {
      hint: 'Give it with --server HOST:PORT, as "ambit cluster add" printed it.',
    });
  }
  return enrol({ server, joinToken, ...facts }, file, logger);
}

async function atServer(
  identity: AgentIdentityRecord,
  server: string,
  { file }: IdentityPorts,
): Promise<AgentIdentityRecord> {
  if (identity.server === server) return identity;
  const moved = { ...identity, server };
  await file.save(moved);
  return moved;
}

/** The identity, renewed; undefined when central does not accept it any more. One that cannot be checked counts as good. */
async function stillWorks(
  identity: AgentIdentityRecord,
  wayOut: WayOut | undefined,
  { file, clock, logger }: IdentityPorts,
): Promise<AgentIdentityRecord | undefined> {
  const { notAfter } = validityOf(identity);
  if ((await file.refusal()) !== undefined) return undefined;
  if (clock.now() > notAfter + renewableForMs) return undefined;
  const { server: address, ca, certificateChain, privateKey } = identity;
  const live = clock.now() < notAfter;
  const connection = connectToCentral({
    address,
    ca,
    wayOut,
    ...(live && { identity: { certificateChain, privateKey } }),
  });
  try {
    const renewed = await renew(identity, connection, clock.now(), (refused) => {
      for (const { code, message } of refused)
        logger.error('whom to trust was not taken from central', { code, message });
    });
    await file.save(renewed);
    return renewed;
  } catch (error) {
    if (isAppError(error, 'certificate_revoked') || isAppError(error, 'certificate_expired')) {
      return undefined;
    }
    logger.debug('the identity could not be checked', { error });
    return identity;
  } finally {
    connection.close();
  }
}

function movedFolder(found: AgentIdentityRecord): AppError {
  return new AppError(
    'wrong_cluster',
    'This data folder belongs to the agent of another cluster.',
    {
      why: `It was enrolled as ${found.clusterName} with another namespace kube-system.`,
      hint: 'Give the agent of each cluster a folder of its own; folders are never copied.',
    },
  );
}
