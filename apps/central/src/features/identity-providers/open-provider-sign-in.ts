import { join } from 'node:path';
import { processEnvironment } from '@ambit/config';
import { SignInRecordStore } from '@ambit/persistence';
import type { Runtime } from '../../platform/runtime.ts';
import { OutsideKeys } from '../services/public.ts';
import type { AdmitIdentity } from '../identities/public.ts';
import { BegunSignIns } from './begun-sign-ins.ts';
import { DiscoveredProviders } from './discovered-providers.ts';
import type { FailedUpstreams } from './failed-providers.ts';
import { ProviderSignIn } from './provider-sign-in.ts';
import type { ProviderSignInPorts } from './provider-sign-in.ts';
import { ProviderTests } from './provider-tests.ts';
import { RelyingParty } from './relying-party.ts';
import { UpstreamLogouts } from './upstream-logouts.ts';

export interface ProviderSignInParts extends Pick<ProviderSignInPorts, 'proofsOf'> {
  readonly publicUrl: string;
  readonly admission: AdmitIdentity;
  readonly failed: FailedUpstreams;
}

/** Sign-in at the company's providers, as it is reached at the public URL. */
export function openProviderSignIn(
  { database, unitOfWork, clock, logger, meters, settings }: Runtime,
  { publicUrl, admission, failed, proofsOf }: ProviderSignInParts,
): ProviderSignIn {
  const sql = database;
  const records = new SignInRecordStore(sql);
  const secrets = {
    environment: processEnvironment,
    folder: settings.idpSecrets ?? join(settings.dataDir, 'central', 'idp-secrets'),
  };
  const discovered = new DiscoveredProviders(clock);
  return new ProviderSignIn({
    sql,
    party: new RelyingParty({ discovered, secrets, clock, publicUrl }),
    begun: new BegunSignIns(records),
    tests: new ProviderTests({ sql, records, unitOfWork, clock, publicUrl: () => publicUrl }),
    admission,
    logouts: new UpstreamLogouts({ unitOfWork, keys: new OutsideKeys(clock), clock }),
    failed,
    meters,
    logger,
    proofsOf,
  });
}
