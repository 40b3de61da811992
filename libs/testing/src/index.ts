/** What tests share: waiting on conditions, fakes of ports, test databases. Never imported by shipped code. */
export * from './copy-database.ts';
export * from './eventually.ts';
export * from './fake-clock.ts';
export * from './fake-ids.ts';
export * from './http-proxy.ts';
export * from './policy-writer.ts';
export * from './seeded-random.ts';
export * from './shaky-link.ts';
export * from './silent-logger.ts';
export * from './test-certificate.ts';
export * from './test-database.ts';
