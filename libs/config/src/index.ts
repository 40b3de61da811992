/**
 * Settings of a program: declared once, read once, every problem reported together. It is the only place that looks at
 * the environment of the process. It depends on no schema library, because the agent pays for every import in resident
 * memory (docs/adr/0003).
 */
export * from './addresses.ts';
export * from './lost-output.ts';
export * from './command-options.ts';
export * from './define-settings.ts';
export * from './environment.ts';
export * from './folders.ts';
export type { Origin } from './find-setting.ts';
export * from './load-settings.ts';
export * from './lock-folder.ts';
export * from './own-files.ts';
export * from './printable-error.ts';
export { wayOut, type ProxyTunnel, type WayOut } from './proxy/proxy-tunnel.ts';
export * from './secret.ts';
export * from './setting.ts';
export * from './setting-kinds.ts';
export * from './settings-reference.ts';
export { systemReason } from './system-reason.ts';
export * from './text/decode-text.ts';
export * from './text/read-text.ts';
export * from './yaml-keys.ts';
