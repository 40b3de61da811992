import type { DevProvider } from '../dev-provider.ts';
import { startDevProvider } from '../start-dev-provider.ts';
import type { ProviderOrder, ProviderReply } from './provider-messages.ts';

let provider: DevProvider | undefined;

async function obey(order: ProviderOrder): Promise<ProviderReply> {
  if ('start' in order) {
    provider = await startDevProvider(order.start);
    const { issuer, clientId, clientSecret } = provider;
    return { started: { issuer, clientId, clientSecret } };
  }
  if ('logoutToken' in order)
    return { logoutToken: (await provider?.logoutToken(order.logoutToken, order.claims)) ?? '' };
  if ('misbehave' in order) await provider?.misbehave(order.misbehave);
  else await provider?.rotateKeys();
  return {};
}

process.on('message', (order: ProviderOrder) => {
  obey(order).then(
    (reply) => process.send?.(reply),
    (error: unknown) => process.send?.({ failed: String(error) } satisfies ProviderReply),
  );
});
// It lives no longer than who started it.
process.on('disconnect', () => process.exit(0));
