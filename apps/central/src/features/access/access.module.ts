import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { AccessController } from './access.controller.ts';
import type { AccessUseCases } from './access-use-cases.ts';
import { AnswerAccess } from './answer-access.ts';
import { AnswerEffective } from './effective-access.ts';
import { ExplainAccess } from './explain-access.ts';
import { RevokeAccess } from './revoke-access.ts';

/** Who may do what and why, and taking access away. */
@Module({})
export class AccessModule {
  static of({ answer, effective, explain, revoke }: AccessUseCases): DynamicModule {
    return {
      module: AccessModule,
      controllers: [AccessController],
      providers: [
        { provide: AnswerAccess, useValue: answer },
        { provide: AnswerEffective, useValue: effective },
        { provide: ExplainAccess, useValue: explain },
        { provide: RevokeAccess, useValue: revoke },
      ],
    };
  }
}
