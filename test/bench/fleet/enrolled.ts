import { randomUUID } from 'node:crypto';
import type { AmbitClient } from '@ambit/client';
import type { Database } from '@ambit/persistence';
import {
  centralName,
  certificatesToPem,
  createCertificateRequest,
  createEnvelopeSigner,
  generateAgentKey,
  loadCa,
} from '@ambit/transport';
import type { CertificateAuthority } from '@ambit/transport';
import type { BareCertificates } from './bare-central.ts';
import type { AgentFacts, FleetFacts } from './messages.ts';
import type { Place } from './place.ts';

const apiVersion = 'ambit.dev/v1' as const;
const lifetimeMs = 24 * 3_600_000;

/** What an enrolled fleet is made of: its agents, what all of them know, and what a bare server needs to take them. */
export interface EnrolledFleet {
  readonly agents: readonly AgentFacts[];
  readonly fleet: Omit<FleetFacts, 'bare' | 'countBytes'>;
  readonly bare: BareCertificates;
}

/** What a fleet is enrolled at: central, its database, its keys, and where its agents reach it. */
export interface EnrolmentPlace {
  readonly client: AmbitClient;
  readonly database: Database;
  readonly agentAddress: string;
  key(name: string): Promise<string>;
}

/** Adds clusters and gives each an agent, as enrolment would: by the same CA, in the same tables. */
export async function enrolFleet(place: EnrolmentPlace, count: number): Promise<EnrolledFleet> {
  const { client, database } = place;
  await addClusters(client, count);
  const ca = await loadCa({
    certificatePem: await place.key('ca.crt'),
    privateKeyPem: await place.key('ca.key'),
  });
  const [installation] = await database.query<{ uid: string; state_epoch: number }>(
    'SELECT uid, state_epoch FROM installation',
  );
  if (installation === undefined) throw new Error('there is no installation');
  const privateKey = generateAgentKey();
  const enrol = {
    ca,
    installationUid: installation.uid,
    csr: createCertificateRequest(privateKey),
  };
  const agents = await writeAgents(database, enrol);
  const server = await ca.issueServer([centralName], Date.now());
  const { publicKey } = createEnvelopeSigner(await place.key('state-signing.key'));
  return {
    agents,
    fleet: {
      address: place.agentAddress,
      ca: ca.certificatePem,
      privateKey,
      installationUid: installation.uid,
      stateEpoch: installation.state_epoch,
      stateKeys: [publicKey],
      epochKeys: [],
    },
    bare: {
      ca: ca.certificatePem,
      certificate: server.certificateChainPem,
      privateKey: server.privateKeyPem,
    },
  };
}

async function addClusters({ api }: AmbitClient, count: number): Promise<void> {
  const objects = Array.from({ length: count }, (_, at) => {
    const metadata = { name: `c${at}`, labels: { fleet: 'bench' } };
    return { apiVersion, kind: 'Cluster', metadata, spec: {} } as const;
  });
  for (let from = 0; from < count; from += 500) {
    await api.apply({ body: { objects: objects.slice(from, from + 500) } });
  }
}

async function writeAgents(
  database: Database,
  enrol: {
    readonly ca: CertificateAuthority;
    readonly installationUid: string;
    readonly csr: Uint8Array;
  },
): Promise<AgentFacts[]> {
  const rows = await database.query<{ uid: string; kube: string }>(
    `UPDATE clusters SET kube_system_uid = gen_random_uuid()::text WHERE name LIKE 'c%'
     RETURNING uid, kube_system_uid AS kube`,
  );
  const made: { facts: AgentFacts; row: object }[] = [];
  for (const { uid: clusterUid, kube: kubeSystemUid } of rows) {
    const agentUid = randomUUID();
    const issued = await enrol.ca.issueAgent({
      csr: enrol.csr,
      installationUid: enrol.installationUid,
      clusterUid,
      agentUid,
      now: Date.now(),
      validForMs: lifetimeMs,
    });
    const { certificate, fingerprint, serial, notBefore, notAfter } = issued;
    const facts = { clusterUid, kubeSystemUid, certificate: certificatesToPem([certificate]) };
    const times = { from: new Date(notBefore), until: new Date(notAfter) };
    made.push({ facts, row: { agentUid, clusterUid, fingerprint, serial, ...times } });
  }
  await database.query(
    `WITH r AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("agentUid" text, "clusterUid" text,
       fingerprint text, serial text, "from" timestamptz, "until" timestamptz)),
     a AS (INSERT INTO agents (uid, cluster_uid) SELECT "agentUid", "clusterUid" FROM r RETURNING uid)
     INSERT INTO agent_certificates (fingerprint, agent_uid, serial, not_before, not_after)
     SELECT r.fingerprint, a.uid, r.serial, r."from", r."until" FROM r JOIN a ON a.uid = r."agentUid"`,
    [JSON.stringify(made.map(({ row }) => row))],
  );
  return made.map(({ facts }) => facts);
}

/** What every cluster of the fleet holds: bindings of all clusters, and some that each has alone. */
export interface Holdings {
  readonly shared: number;
  readonly own: number;
}

/** Grants so much to one person, in a namespace for each binding. Gives the revision of the last change. */
export async function grantHoldings(
  { client }: Place,
  clusters: number,
  { shared, own }: Holdings,
): Promise<number> {
  const { api } = client;
  await api.putUser({
    params: { name: 'ann' },
    body: { apiVersion, kind: 'User', metadata: { name: 'ann' } },
  });
  const ofAll = Array.from({ length: shared }, (_, at) =>
    grantOf(`shared-${at}`, `team-${at}`, { matchLabels: { fleet: 'bench' } }),
  );
  const ofOne = Array.from({ length: clusters }, (_, cluster) =>
    Array.from({ length: own }, (__, at) =>
      grantOf(`own-${cluster}-${at}`, `own-${at}`, { names: [`c${cluster}`] }),
    ),
  ).flat();
  const all = [...ofAll, ...ofOne];
  let revision = 0;
  for (let from = 0; from < all.length; from += 100) {
    const done = await api.apply({ body: { objects: all.slice(from, from + 100) } });
    revision = done.revision ?? revision;
  }
  return revision;
}

function grantOf(name: string, namespace: string, clusters: object): never {
  const scope = { clusters, namespaces: { names: [namespace] } };
  const spec = { subjects: [{ user: 'ann' }], role: 'view', scope };
  return { apiVersion, kind: 'Grant', metadata: { name }, spec } as never;
}

/** One more binding in all clusters, or in one. */
export const grantToAll = (name: string, namespace: string): never =>
  grantOf(name, namespace, { matchLabels: { fleet: 'bench' } });
export const grantToOne = (name: string, namespace: string, cluster: number): never =>
  grantOf(name, namespace, { names: [`c${cluster}`] });
