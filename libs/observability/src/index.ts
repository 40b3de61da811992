/**
 * What a running program says about itself: logs without secrets, metrics by name, and a listener for health and
 * metrics. It knows no policy and reads no settings.
 */
export * from './agent-metrics.ts';
export * from './central-metrics.ts';
export * from './create-logger.ts';
export * from './health-listener.ts';
export * from './metrics.ts';
export * from './readiness.ts';
export * from './redact.ts';
