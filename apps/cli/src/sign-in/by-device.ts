import { setTimeout as sleep } from 'node:timers/promises';
import * as oauth from 'openid-client';
import type { CommandContext } from '../command-context.ts';
import { showWaiting } from './show-waiting.ts';

/** What a sign-in asks for: who it is, and to go on without asking again. */
export const scope = 'openid offline_access';

/** Shows a code, and waits until a person answered in a browser, wherever that is. */
export async function signInByDevice(
  { terminal, signal }: CommandContext,
  config: oauth.Configuration,
): Promise<oauth.TokenEndpointResponse> {
  const device = await oauth.initiateDeviceAuthorization(config, { scope });
  const { user_code: code, verification_uri_complete: link, expires_in: seconds } = device;
  terminal.err.line(`Open ${link ?? device.verification_uri} and check that the code is  ${code}`);
  const done = showWaiting(terminal.err, seconds * 1000);
  try {
    return await answered(config, device, signal);
  } finally {
    done();
  }
}

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const slowerByMs = 5_000;

/** Asks as often as it may. The library's own way to wait ends no sooner than its pause does, whatever Ctrl-C says. */
async function answered(
  config: oauth.Configuration,
  { device_code, interval = 5 }: oauth.DeviceAuthorizationResponse,
  signal: AbortSignal,
): Promise<oauth.TokenEndpointResponse> {
  let pauseMs = interval * 1000;
  for (;;) {
    await sleep(pauseMs, undefined, { signal });
    try {
      return await oauth.genericGrantRequest(config, deviceGrant, { device_code });
    } catch (error) {
      const { error: said } = error as { readonly error?: unknown };
      if (said === 'slow_down') pauseMs += slowerByMs;
      else if (said !== 'authorization_pending') throw error;
    }
  }
}
