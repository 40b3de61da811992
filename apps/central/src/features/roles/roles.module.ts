import { Module } from '@nestjs/common';
import { PolicyModule } from '../policy/public.ts';
import { RolesController } from './roles.controller.ts';

/** Roles: names for what may be done. */
@Module({ imports: [PolicyModule], controllers: [RolesController] })
export class RolesModule {}
