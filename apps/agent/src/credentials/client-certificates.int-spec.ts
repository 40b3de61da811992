import { createPublicKey, generateKeyPairSync, sign, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { devClusterSettings, kubernetesAtHand, startDevClusters } from '@ambit/dev-cluster';
import type { DevCluster, DevClusters } from '@ambit/dev-cluster';
import { derValue } from '@ambit/kernel';
import { kubeResources } from '@ambit/kube';
import type { KubeClient } from '@ambit/kube';
import type { wire } from '@ambit/protocol';
import { ownerLabels } from '@ambit/rbac';
import { eventually, FakeClock, RecordingLogger, silentLogger } from '@ambit/testing';
import { createClientRequest, generateAgentKey } from '@ambit/transport';
import { parse, stringify } from 'yaml';
import { policiesOf, verdict } from '../../test/admission-scene.ts';
import { ceilingOf, clientOf } from '../../test/reconcile-scene.ts';
import { AdmissionWatch } from '../admission/admission-watch.ts';
import type { NewAuditEvent } from '../audit/audit-log.ts';
import { agentRules } from '../print-rbac.ts';
import { nodeDigests } from '@ambit/transport';
import { ClientCertificates } from './client-certificates.ts';
import { CredentialDesk } from './credential-desk.ts';
import { approved, signingRequest } from './signing-request.ts';
import type { SigningRequest } from './signing-request.ts';

const { certificateSigningRequests: resource } = kubeResources;
const settings = devClusterSettings(process.env);
const atHand = await kubernetesAtHand(settings);
if (atHand === undefined) {
  const text = 'no Kubernetes programs at hand: client certificates are not tested';
  if (settings.requireReal) throw new Error(text);
  console.log(text);
}

const ceiling = ceilingOf({
  credentials: ['ClientCertificate'],
  subjectPrefixes: ['ambit:', 'größe-', 'x'.repeat(26)],
});

/** Requests as other software, or somebody hostile, makes them. */
const oid = (hex: string): Uint8Array => Buffer.from(hex, 'hex');
const commonName = oid('0603550403');
const organization = oid('060355040a');
const utf8 = (text: string): Uint8Array => derValue(0x0c, Buffer.from(text));
const attribute = (type: Uint8Array, value: Uint8Array): Uint8Array => derValue(0x30, type, value);
const rdn = (...attributes: Uint8Array[]): Uint8Array => derValue(0x31, ...attributes);
const cn = (name: string): Uint8Array => attribute(commonName, utf8(name));
const group = attribute(organization, utf8('admins'));
const ecdsa = derValue(0x30, oid('06082a8648ce3d040302'));
const rsa = derValue(0x30, oid('06092a864886f70d01010b'), [5, 0]);
/** extensionRequest with basicConstraints CA:TRUE. */
const extensions = derValue(
  0xa0,
  derValue(
    0x30,
    oid('06092a864886f70d01090e'),
    derValue(
      0x31,
      derValue(0x30, derValue(0x30, oid('0603551d13'), derValue(4, [0x30, 3, 1, 1, 255]))),
    ),
  ),
);

function csrOf(
  rdns: readonly Uint8Array[],
  more: { readonly key?: KeyObject; readonly attributes?: Uint8Array } = {},
): Uint8Array {
  const key = more.key ?? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const attributes = more.attributes ?? derValue(0xa0);
  const info = derValue(0x30, [2, 1, 0], derValue(0x30, ...rdns), spki, attributes);
  const algorithm = key.asymmetricKeyType === 'rsa' ? rsa : ecdsa;
  return derValue(0x30, info, algorithm, derValue(3, [0], sign('sha256', info, key)));
}

const pem = (csr: Uint8Array, width = 64): string => {
  const lines =
    Buffer.from(csr)
      .toString('base64')
      .match(new RegExp(`.{1,${width}}`, 'g')) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`;
};

(atHand === undefined ? describe.skip : describe)(
  'client certificates on a real API server',
  () => {
    let clusters: DevClusters | undefined;
    let cluster: DevCluster;
    let folder: string;
    let agent: KubeClient;
    let admin: KubeClient;

    beforeAll(async () => {
      clusters = await startDevClusters({ names: ['certificates'], settings, forTests: true });
      cluster = clusters.cluster('certificates');
      folder = await mkdtemp(join(tmpdir(), 'ambit-certificates-'));
      admin = await clientOf(folder, 'admin', cluster.adminKubeconfig);
      const rules = agentRules(ceiling);
      agent = await clientOf(
        folder,
        'agent',
        await cluster.agentKubeconfig(rules, policiesOf(ceiling)),
      );
    });
    afterAll(async () => {
      agent?.close();
      admin?.close();
      await clusters?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    function desk(): {
      readonly desk: CredentialDesk;
      readonly told: NewAuditEvent[];
      settled(): Promise<void>;
    } {
      const told: NewAuditEvent[] = [];
      const certificates = new ClientCertificates({
        client: agent,
        labels: {},
        logger: silentLogger,
      });
      const trail = {
        log: { record: (event: NewAuditEvent) => void told.push(event) },
        spool: { flush: async () => undefined, storageFull: false },
      };
      return {
        told,
        settled: () => certificates.settled(),
        desk: new CredentialDesk({
          makers: { clientCertificate: certificates },
          ceiling: () => ceiling,
          refusalOf: () => undefined,
          trail,
          time: { now: () => ({ low: Date.now(), high: Date.now() }) },
          clock: new FakeClock(),
          logger: silentLogger,
        }),
      };
    }

    const orderFor = (name: string, csr: Uint8Array): wire.CredentialOrder => ({
      installationUid: '',
      clusterUid: '',
      stateEpoch: 1,
      instanceId: '',
      sessionEpoch: 1,
      sequence: 1,
      attempt: 1,
      requestId: 'request-1',
      name,
      principalUid: 'user-1',
      sessionId: 'session-1',
      ttlSeconds: 600,
      notAfter: Date.now() + 10_000,
      wanted: 'clientCertificate',
      clientCertificate: { csr },
    });

    /** Who the API server takes the holder of a certificate for. */
    async function seenAs(certificate: Uint8Array, key: string): Promise<object> {
      const config = parse(cluster.adminKubeconfig) as { users: { user: object }[] };
      const base64 = (text: string): string => Buffer.from(text).toString('base64');
      const chain = new X509Certificate(certificate).toString();
      const user = { 'client-certificate-data': base64(chain), 'client-key-data': base64(key) };
      const users = config.users.map((each) => ({ ...each, user }));
      const client = await clientOf(folder, 'person', stringify({ ...config, users }));
      try {
        return await client.whoAmI();
      } finally {
        client.close();
      }
    }

    const requests = async (): Promise<readonly string[]> =>
      (await admin.list<SigningRequest>(resource)).items.map(({ metadata }) => metadata.name);

    test('what an earlier run of this agent left is deleted, and nothing of others', async () => {
      const owner = { clusterUid: 'cluster-1', installationUid: 'installation-1' };
      const labels = ownerLabels(owner);
      const csr = createClientRequest(generateAgentKey(), 'ambit:ada');
      const file = (client: KubeClient, its: Readonly<Record<string, string>>): Promise<string> =>
        client
          .create(resource, signingRequest(csr, 600, its))
          .then(({ metadata: { name } }) => name);
      const left = await file(agent, labels);
      const ofAnother = await file(
        agent,
        ownerLabels({ ...owner, installationUid: 'installation-2' }),
      );
      // The policy refuses what somebody else filed, whatever it carries.
      const ofAdmin = await file(admin, labels);
      const logger = new RecordingLogger();
      const certificates = new ClientCertificates({ client: agent, labels, logger });
      certificates.clearLeft();
      await certificates.settled();
      expect(await requests()).not.toContain(left);
      expect([...(await requests())].sort()).toEqual([ofAnother, ofAdmin].sort());
      expect(logger.lines).toMatchObject([{ fields: { name: ofAdmin } }]);
      for (const name of [ofAnother, ofAdmin]) await admin.delete(resource, { name });
    });

    test.each(['ambit:ada', 'ambit:ada@acme.io', 'größe-日本', `ambit:${'a'.repeat(97)}`])(
      'a person gets one for the name that bindings have, and nothing of it stays: %s',
      async (name) => {
        const key = generateAgentKey();
        const { desk: asked, told, settled } = desk();
        const answer = await asked.answer(orderFor(name, createClientRequest(key, name)));
        expect(answer).toMatchObject({ answer: 'certificates', requestId: 'request-1' });
        const [own = new Uint8Array()] =
          answer.answer === 'certificates' ? answer.certificates.certificates : [];
        expect(await seenAs(own, key)).toMatchObject({
          username: name,
          groups: ['system:authenticated'],
          extra: { 'authentication.kubernetes.io/credential-id': [answer.credentialId] },
        });
        const lasts = answer.expiresAt - Date.now();
        expect(lasts).toBeGreaterThan(500_000);
        expect(lasts).toBeLessThan(660_000);
        await settled();
        expect(await requests()).toEqual([]);
        expect(told.map(({ type }) => type)).toEqual(['credential.requested', 'credential.made']);
        expect(told.at(-1)?.details).toMatchObject({ credential: answer.credentialId });
      },
    );

    test('that nobody waits for any more is not waited for, and what was filed is deleted', async () => {
      const certificates = new ClientCertificates({
        client: agent,
        labels: {},
        logger: silentLogger,
      });
      const order = orderFor('ambit:ada', createClientRequest(generateAgentKey(), 'ambit:ada'));
      if (order.wanted !== 'clientCertificate') throw new Error('another order');
      await expect(certificates.make(order, AbortSignal.abort())).rejects.toMatchObject({
        code: 'timed_out',
      });
      await certificates.settled();
      expect(await requests()).toEqual([]);
    });

    test('twenty at once each get their own', async () => {
      const names = Array.from({ length: 20 }, (_, at) => `ambit:person-${at}`);
      const desks = [desk(), desk()];
      const answers = await Promise.all(
        names.map((name, at) =>
          desks[at % 2]?.desk.answer(orderFor(name, createClientRequest(generateAgentKey(), name))),
        ),
      );
      const subjects = answers.map((answer) =>
        answer?.answer === 'certificates'
          ? new X509Certificate(answer.certificates.certificates[0] ?? '').subject
          : JSON.stringify(answer),
      );
      expect(subjects).toEqual(names.map((name) => `CN=${name}`));
      for (const { settled } of desks) await settled();
      expect(await requests()).toEqual([]);
    });

    test('the agent finds the policies in force, that of certificates too', async () => {
      const watch = new AdmissionWatch({
        client: agent,
        ceiling: () => ceiling,
        digests: nodeDigests,
        logger: silentLogger,
      });
      try {
        watch.look();
        await eventually(() => expect(watch.state).toBe('in_force'));
      } finally {
        watch.stop();
      }
    });

    describe('an agent that somebody took over is refused', () => {
      const filed = (text: string, more: object = {}): SigningRequest => {
        const request = signingRequest(new Uint8Array(), 600, {});
        const spec = { ...request.spec, request: Buffer.from(text).toString('base64'), ...more };
        return { ...request, spec };
      };
      const dry = (request: SigningRequest): Promise<string> =>
        verdict(agent.create(resource, request, { dryRun: true }));
      const ada = csrOf([rdn(cn('ambit:ada'))]);
      const eve = csrOf([rdn(cn('eve'))]);
      const evesLines =
        Buffer.from(eve)
          .toString('base64')
          .match(/.{1,64}/g) ?? [];
      const adasLine = Buffer.from(ada).toString('base64').slice(0, 64);
      const begin = '-----BEGIN CERTIFICATE REQUEST-----\n';
      const end = '-----END CERTIFICATE REQUEST-----\n';
      const rsaKey = (bits: number): KeyObject =>
        generateKeyPairSync('rsa', { modulusLength: bits }).privateKey;
      const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;

      test('what it is refused for is that one thing: an honest request is taken', async () => {
        expect(await dry(filed(pem(ada)))).toBe('');
        expect(await dry(filed(pem(ada), { expirationSeconds: 3_600 }))).toBe('');
      });

      test.each<[string, string]>([
        ['another name', pem(eve)],
        ['the prefix alone', pem(csrOf([rdn(cn('ambit:'))]))],
        ['a prefix in another case', pem(csrOf([rdn(cn('AMBIT:ada'))]))],
        ['a name of Kubernetes', pem(csrOf([rdn(cn('system:kube-controller-manager'))]))],
        ['an empty subject', pem(csrOf([]))],
        ['a group behind the name', pem(csrOf([rdn(cn('ambit:ada')), rdn(group)]))],
        ['a group before the name', pem(csrOf([rdn(group), rdn(cn('ambit:ada'))]))],
        ['a group beside the name', pem(csrOf([rdn(cn('ambit:ada'), group)]))],
        ['two names', pem(csrOf([rdn(cn('ambit:ada')), rdn(cn('eve'))]))],
        [
          'a name that is no UTF8String',
          pem(csrOf([rdn(attribute(commonName, derValue(0x13, Buffer.from('ambit:ada'))))])),
        ],
        ['a name of 104 bytes', pem(csrOf([rdn(cn(`ambit:${'a'.repeat(98)}`))]))],
        ['a name with a prefix that is too long to be seen', pem(csrOf([rdn(cn('x'.repeat(30)))]))],
        ['extensions', pem(csrOf([rdn(cn('ambit:ada'))], { attributes: extensions }))],
        ['a weak key', pem(csrOf([rdn(cn('ambit:ada'))], { key: rsaKey(1024) }))],
        ['a key of RSA', pem(csrOf([rdn(cn('ambit:ada'))], { key: rsaKey(2048) }))],
        ['a key of another curve', pem(csrOf([rdn(cn('ambit:ada'))], { key: p384 }))],
        ['two blocks', pem(ada) + pem(eve)],
        ['two blocks, the second behind junk', `${pem(ada)}x\n${pem(eve)}`],
        ['two blocks, the second further off', `${pem(ada)}xy\n${pem(eve)}`],
        ['a header', `${begin}Name: value\n\n${evesLines.join('\n')}\n${end}`],
        [
          'a header that looks like the line of another request',
          `${begin}${adasLine}: x\n\n${evesLines.join('\n')}\n${end}`,
        ],
        [
          'a header that looks like most of the line of another request',
          `${begin}${adasLine.slice(0, 63)}:\n\n${evesLines.join('\n')}\n${end}`,
        ],
        ['an empty line first', `${begin}\n${evesLines.join('\n')}\n${end}`],
        ['junk before it', `junk\n${pem(ada)}`],
        ['other lines', pem(ada, 76)],
        ['ends of lines of another system', pem(ada).replaceAll('\n', '\r\n')],
      ])('b35: a request with %s', async (_, text) => {
        expect(await dry(filed(text))).toMatch(/^403 .*ambit-agent-certificates/);
      });

      test.each<[string, object]>([
        ['a year', { expirationSeconds: 365 * 86_400 }],
        ['an hour and a second', { expirationSeconds: 3_601 }],
        ['as long as the signer likes', { expirationSeconds: undefined }],
        ['another use', { usages: ['client auth', 'digital signature'] }],
        ['the signer of kubelets', { signerName: 'kubernetes.io/kube-apiserver-client-kubelet' }],
        ['a signer of its own', { signerName: 'example.com/signer' }],
      ])('a certificate for %s', async (_, more) => {
        expect(await dry(filed(pem(ada), more))).toMatch(/^403 .*ambit-agent-certificates/);
      });

      test('names, finalizers and owners of its own', async () => {
        const { spec, metadata } = filed(pem(ada));
        const owner = { apiVersion: 'v1', kind: 'Namespace', name: 'default', uid: 'x' };
        for (const more of [
          { name: 'mine' },
          { finalizers: ['example.com/keep'] },
          { ownerReferences: [owner] },
        ]) {
          const request = { spec, metadata: { ...metadata, ...more } } as SigningRequest;
          expect(await dry(request)).toMatch(/^403 .*ambit-agent-certificates/);
        }
      });

      test('to approve, and to delete, what somebody else asked for', async () => {
        const theirs = await admin.create(resource, filed(pem(eve)));
        const { name, uid = '' } = theirs.metadata;
        expect(await verdict(agent.replacePart(resource, approved(theirs), 'approval'))).toMatch(
          /^403 .*ambit-agent-certificates/,
        );
        expect(await verdict(agent.delete(resource, { name }, { uid }))).toMatch(
          /^403 .*ambit-agent-certificates/,
        );
        expect(await requests()).toEqual([name]);
        await admin.delete(resource, { name });
      });

      test('to change what it asked for, and to write the certificate itself', async () => {
        const own = await agent.create(resource, filed(pem(ada)));
        const { name } = own.metadata;
        for (const part of ['status', 'approval/x']) {
          expect(await verdict(agent.replacePart(resource, own, part))).toMatch(/^40[345] /);
        }
        expect(await verdict(agent.mergePatch(resource, { name }, {}))).toMatch(/^403 /);
        expect(await verdict(agent.delete(resource, { name }))).toBe('');
        expect(await requests()).toEqual([]);
      });

      test('where the ceiling names no certificates, by the gate, whatever rights it has', async () => {
        const everything = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
        await cluster.agentKubeconfig(everything, policiesOf(ceilingOf()));
        expect(await dry(filed(pem(ada)))).toMatch(/^403 .*ambit-agent-gate/);
        await cluster.agentKubeconfig(agentRules(ceilingOf()));
        const { desk: asked, settled } = desk();
        await eventually(async () => {
          const csr = createClientRequest(generateAgentKey(), 'ambit:ada');
          expect(await asked.answer(orderFor('ambit:ada', csr))).toMatchObject({
            refusal: { reason: 'credential_refused' },
          });
        });
        await settled();
      });
    });
  },
);
