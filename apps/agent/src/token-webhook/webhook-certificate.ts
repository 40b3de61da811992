import { randomUUID } from 'node:crypto';
import { link, mkdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { readText, requireOwnTree, type Address } from '@ambit/config';
import { AppError } from '@ambit/kernel';
import { certificateLifetimes, createCa, loadCa, type CaFiles } from '@ambit/transport';
import type { AgentSettings } from '../config.ts';
import { webhookFolder } from '../platform/data-folder.ts';
import { readWhole, replaceDurably, systemCode } from '../state/durable-file.ts';

/** By what the listener is known, as PEM. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
}

/** Where the certificate of the webhook comes from. */
export interface WebhookCertificate {
  /** What the API server is to trust, as PEM. */
  readonly ca: string;
  /** The certificate of now. Throws `config_invalid` when files cannot be used. */
  current(): Promise<TlsMaterial>;
  /** How often it is to be asked again. */
  readonly everyMs: number;
}

type Settings = Pick<
  AgentSettings,
  'dataDir' | 'webhookListen' | 'webhookAddress' | 'webhookCertificate' | 'webhookKey' | 'webhookCa'
>;

const maxBytes = 256 * 1024;
const caName = 'ambit-agent webhook';
const ownName = 'ambit-agent.ambit.internal';
/** Files are looked at each minute: whoever renews certificates only writes them. */
const filesEveryMs = 60_000;

/** The certificate that the settings name, or one of a CA that this agent makes for itself and keeps in its data folder. */
export async function webhookCertificate(settings: Settings): Promise<WebhookCertificate> {
  const { webhookCertificate: certFile, webhookKey: keyFile, webhookCa: caFile } = settings;
  if (certFile === undefined || keyFile === undefined) return ownCertificate(settings);
  return {
    ca: await textOf(caFile ?? certFile),
    current: async () => ({ cert: await textOf(certFile), key: await textOf(keyFile) }),
    everyMs: filesEveryMs,
  };
}

async function ownCertificate({
  dataDir,
  webhookListen,
  webhookAddress,
}: Settings): Promise<WebhookCertificate> {
  const ca = await loadCa(await ownCa(dataDir));
  const reached = [webhookAddress, webhookListen].filter(
    (one): one is Address => one !== undefined,
  );
  const names = reached.map(({ host }) => host);
  return {
    ca: ca.certificatePem,
    current: async () => {
      const { certificateChainPem, privateKeyPem } = await ca.issueServer(
        names,
        Date.now(),
        ownName,
      );
      return { cert: certificateChainPem, key: privateKeyPem };
    },
    everyMs: certificateLifetimes.server / 4,
  };
}

/** Made once: the API server is configured with it. Whichever of two processes comes second takes what the first made. */
async function ownCa(dataDir: string): Promise<CaFiles> {
  const folder = webhookFolder(dataDir);
  await requireOwnTree({ dataDir, folder, secrets: ['webhook'] });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'ca.json');
  const found = await readWhole(path);
  if (found !== undefined) return caIn(path, found.toString());
  const files = await createCa({ name: caName, now: Date.now() });
  const draft = join(folder, `ca-${randomUUID()}.json`);
  await replaceDurably(draft, JSON.stringify(files));
  try {
    await link(draft, path);
    return files;
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    return await ownCa(dataDir);
  } finally {
    await unlink(draft);
  }
}

function caIn(path: string, text: string): CaFiles {
  try {
    const { certificatePem, privateKeyPem } = JSON.parse(text) as Partial<CaFiles>;
    if (certificatePem !== undefined && privateKeyPem !== undefined) {
      return { certificatePem, privateKeyPem };
    }
  } catch {
    // Told below.
  }
  throw new AppError('config_invalid', `${path} is not the CA of a webhook.`, {
    hint: 'Remove it; then print-webhook-config prints a new one for the API server.',
  });
}

async function textOf(path: string): Promise<string> {
  const file = await readText(path, { maxBytes });
  if (file.ok) return file.text;
  throw new AppError('config_invalid', `The file ${path} of the webhook cannot be used.`, {
    why: file.reason,
  });
}
