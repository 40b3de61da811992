import { Controller, Inject } from '@nestjs/common';
import { apiVersion } from '@ambit/contracts';
import { listAudit, tailPlace } from '@ambit/persistence';
import type { Database } from '@ambit/persistence';
import { TheCall } from '../../platform/call.ts';
import type { Call } from '../../platform/call.ts';
import { Endpoint } from '../../platform/endpoint.ts';
import { EventStream } from '../../platform/event-stream.ts';
import { runtimeTokens } from '../../platform/runtime.ts';
import { auditFilter } from './audit-filter.ts';
import { AuditTail } from './audit-tail.ts';
import { AuditWatcher } from './audit-watcher.ts';

@Controller()
export class AuditController {
  readonly #database: Database;
  readonly #tail: AuditTail;

  constructor(
    @Inject(runtimeTokens.database) database: Database,
    @Inject(AuditTail) tail: AuditTail,
  ) {
    this.#database = database;
    this.#tail = tail;
  }

  @Endpoint('listAuditEvents')
  list(@TheCall() call: Call<'listAuditEvents'>): Promise<object | void> {
    return call.query.watch === 'true' ? this.#watch(call) : this.#page(call);
  }

  async #page({ query }: Call<'listAuditEvents'>): Promise<object> {
    // The cursor is taken first: what is stored in between shows in the list and once more in the watch, never in neither.
    const resumeAfter = await this.#tail.start();
    const page = await listAudit(this.#database, {
      ...auditFilter(query),
      limit: query.limit,
      ...(query.continue === undefined ? {} : { continue: query.continue }),
    });
    return {
      apiVersion,
      kind: 'AuditEventList',
      metadata: {
        resumeAfter,
        ...(page.continue === undefined ? {} : { continue: page.continue }),
        ...(page.searchedTo === undefined ? {} : { searchedTo: page.searchedTo }),
      },
      items: page.items,
    };
  }

  async #watch(call: Call<'listAuditEvents'>): Promise<void> {
    const filter = auditFilter(call.query);
    const last = call.request.headers['last-event-id'];
    const given = typeof last === 'string' && last !== '' ? last : call.query.continue;
    const from = given ?? (await this.#tail.start());
    // What is refused is refused before the stream begins.
    tailPlace(from);
    const stream = new EventStream(call);
    try {
      await this.#tail.follow(new AuditWatcher(stream, from, filter));
    } finally {
      stream.end();
    }
  }
}
