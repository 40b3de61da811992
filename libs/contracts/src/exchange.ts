import { z } from 'zod';
import { ServiceName, Timestamp } from './names.ts';

/** Body of POST auth/exchange. `token`: the OIDC token of the runner, whose audience is the one that a rule of the identity names. */
export const AuthExchange = z.strictObject({
  service: ServiceName,
  token: z
    .string()
    .min(1, 'the token of the runner')
    .max(16_384, 'at most 16384 characters, as no runner makes longer ones'),
});
export type AuthExchange = z.infer<typeof AuthExchange>;

/** A session that began; `token` is shown this once. */
export const SessionStarted = z.object({
  kind: z.literal('SessionStarted'),
  token: z.string(),
  session: z.object({ id: z.string(), expiresAt: Timestamp }),
  /** `service/NAME` or `user/NAME`. */
  actor: z.string(),
});
export type SessionStarted = z.infer<typeof SessionStarted>;
