import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { ManageSessions } from './manage-sessions.ts';
import { SessionsController } from './sessions.controller.ts';

/** Sessions, and who the caller is. */
@Module({})
export class SessionsModule {
  static of(sessions: ManageSessions): DynamicModule {
    return {
      module: SessionsModule,
      controllers: [SessionsController],
      providers: [{ provide: ManageSessions, useValue: sessions }],
    };
  }
}
