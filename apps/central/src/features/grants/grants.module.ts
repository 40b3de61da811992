import { Module } from '@nestjs/common';
import { PolicyModule } from '../policy/public.ts';
import { GrantsController } from './grants.controller.ts';

/** Grants: who holds which role where, until when. */
@Module({ imports: [PolicyModule], controllers: [GrantsController] })
export class GrantsModule {}
