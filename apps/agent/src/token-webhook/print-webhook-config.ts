import { addressText } from '@ambit/config';
import { AppError } from '@ambit/kernel';
import { stringify } from 'yaml';
import type { AgentSettings } from '../config.ts';
import { webhookCertificate } from './webhook-certificate.ts';

/**
 * The file for `--authentication-token-webhook-config-file` of the API server, with the flags that go with it. Throws
 * `config_invalid` when nothing says where the webhook is reached.
 */
export async function printWebhookConfig(settings: AgentSettings): Promise<string> {
  const address = settings.webhookAddress ?? settings.webhookListen;
  if (address === undefined) {
    throw new AppError('config_invalid', 'Nothing says where the API server reaches the webhook.', {
      hint: 'Give --webhook-address HOST:PORT, or AMBIT_WEBHOOK_ADDRESS.',
    });
  }
  const { ca } = await webhookCertificate(settings);
  const name = 'ambit-agent';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name,
        cluster: {
          server: `https://${addressText(address)}/authenticate`,
          'certificate-authority-data': Buffer.from(ca).toString('base64'),
        },
      },
    ],
    users: [{ name: 'api-server', user: {} }],
    contexts: [{ name, context: { cluster: name, user: 'api-server' } }],
    'current-context': name,
  };
  return (
    '# For the API server, which then asks this agent whose a token of central is:\n' +
    '#   --authentication-token-webhook-config-file=THIS_FILE\n' +
    '#   --authentication-token-webhook-version=v1\n' +
    '#   --authentication-token-webhook-cache-ttl=2s\n' +
    '# The ceiling of the agent has to say credentials: [TokenWebhook].\n' +
    stringify(config, { lineWidth: 0 })
  );
}
