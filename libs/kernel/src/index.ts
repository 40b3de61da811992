/**
 * The few words everything shares: the one error type, the ports to the platform, back-off arithmetic and
 * encodings. It imports nothing and may use nothing of the platform: no Node, no timers, no clock.
 */
export * from './backoff.ts';
export * from './certificate-request.ts';
export * from './connection-failure.ts';
export * from './counted.ts';
export * from './defined.ts';
export * from './duration.ts';
export * from './encoding.ts';
export * from './errors.ts';
export * from './instant.ts';
export * from './kubernetes-names.ts';
export * from './not-found.ts';
export * from './parse-json.ts';
export * from './printable.ts';
export * from './ports.ts';
export * from './seldom.ts';
export * from './sorted-json.ts';
export * from './storable.ts';
export * from './suggest.ts';
