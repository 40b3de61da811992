/** What makes a `rediss://` connection check the certificate, whatever the variables of the platform say. */
export function redisTls(url: string): {
  tls?: { rejectUnauthorized: true; minVersion: 'TLSv1.2' };
} {
  if (!url.startsWith('rediss:')) return {};
  return { tls: { rejectUnauthorized: true, minVersion: 'TLSv1.2' } };
}
