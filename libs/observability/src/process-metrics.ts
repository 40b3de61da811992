import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** By the names that everybody has for them. Each is looked at when it is asked for, and never in between. */
const looks: readonly { readonly name: string; readonly help: string; look(): number }[] = [
  {
    name: 'process_start_time_seconds',
    help: 'When the process started, in seconds since 1970.',
    look: () => Math.round(Date.now() / 1_000 - process.uptime()),
  },
  {
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of the process in bytes.',
    look: () => process.memoryUsage.rss(),
  },
  {
    name: 'nodejs_heap_size_used_bytes',
    help: 'Bytes in use of the heap of V8.',
    look: () => process.memoryUsage().heapUsed,
  },
];

/** What the system and V8 say about the process, without what has to be measured all the time. */
export function registerFewProcessMetrics(registry: Registry): void {
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of the process, of user and system together, in seconds.',
    registers: [registry],
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  for (const { name, help, look } of looks) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(look());
      },
    });
  }
}
