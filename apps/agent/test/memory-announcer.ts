import type { AnnouncedWrite, LostWrite } from '../src/audit/read-announcements.ts';
import type { WriteAnnouncer } from '../src/audit/write-announcements.ts';

/** Announces nowhere, and knows what was announced and what was withdrawn. */
export class MemoryAnnouncer implements WriteAnnouncer {
  readonly announced = new Map<string, AnnouncedWrite>();
  readonly withdrawn: string[] = [];
  readonly lost: readonly LostWrite[];

  constructor(lost: readonly LostWrite[] = []) {
    this.lost = lost;
  }

  async announce(write: AnnouncedWrite): Promise<string> {
    const id = write.id ?? `write-${this.announced.size + 1}`;
    this.announced.set(id, write);
    return id;
  }

  withdraw(id: string): void {
    this.withdrawn.push(id);
  }
}
