import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { AuditController } from './audit.controller.ts';
import { AuditTail } from './audit-tail.ts';

/** What happened: listed, and followed live. */
@Module({})
export class AuditModule {
  static of(tail: AuditTail): DynamicModule {
    return {
      module: AuditModule,
      controllers: [AuditController],
      providers: [{ provide: AuditTail, useValue: tail }],
    };
  }
}
