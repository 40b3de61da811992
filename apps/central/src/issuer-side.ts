import type { PolicyWorld } from './features/desired-state/public.ts';
import {
  issuerDocuments,
  IssuerKeys,
  makeFirstKey,
  TokenIssuer,
  webhookIssuer,
  WebhooksTold,
} from './features/issuer/public.ts';
import type { PublicDocument } from './platform/public-documents.ts';
import { PublicUrl } from './platform/public-url.ts';
import type { Runtime } from './platform/runtime.ts';
import type { Teardown } from './platform/teardown.ts';
import type { Trust } from './trust.ts';

/** What signs the credentials of clusters, and where it is found. */
export interface IssuerSide {
  readonly issuer: TokenIssuer;
  readonly publicUrl: PublicUrl;
  /** What API servers ask it for. */
  readonly documents: readonly PublicDocument[];
}

/** Opens the issuer, with its first key if it has none. Throws `config_invalid` when its keys do not open. */
export async function openIssuerSide(
  runtime: Runtime,
  { issuerSeal: seal, installation }: Pick<Trust, 'issuerSeal' | 'installation'>,
  { world, teardown }: { readonly world: PolicyWorld; readonly teardown: Teardown },
): Promise<IssuerSide> {
  const { database, unitOfWork, clock, logger, settings } = runtime;
  const sql = database.prepared;
  const keys = await IssuerKeys.open({ sql, seal, clock, logger, commits: world }, () =>
    makeFirstKey({ unitOfWork, seal, clock }),
  );
  const publicUrl = new PublicUrl(settings.publicUrl);
  const forAgents = webhookIssuer(installation.uid);
  const issuer = new TokenIssuer(keys, {
    OIDC: () => `${publicUrl.get()}/oidc`,
    Webhook: () => forAgents,
  });
  const told = new WebhooksTold({ unitOfWork, world, issuer: forAgents, logger });
  teardown.add('keys for agents', told.start());
  return { issuer, publicUrl, documents: issuerDocuments(issuer) };
}
