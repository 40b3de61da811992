import type { AgentMemory } from './agent-session-types.ts';
import type { CommandAction, CommandOrder, Order } from './generated/messages.ts';

/** Of one stream of one process: an order fits exactly one. */
export interface OrderContext {
  readonly memory: Pick<AgentMemory, 'installationUid' | 'clusterUid' | 'stateEpoch'>;
  readonly instanceId: string;
  readonly attempt: number;
  readonly sessionEpoch: number;
  /** Sequence of the last order that was obeyed. */
  readonly lastSequence: number;
}

export type JudgedOrder =
  | { readonly ok: true; readonly value: CommandOrder }
  | {
      readonly ok: false;
      readonly code: 'wrong_cluster' | 'replay' | 'malformed';
      readonly message: string;
    };

/** Is an order that central signed for this very stream, and was it not obeyed yet? */
export function judgeOrder(order: CommandOrder, context: OrderContext): JudgedOrder {
  const { memory } = context;
  if (order.installationUid !== memory.installationUid || order.clusterUid !== memory.clusterUid) {
    return refused('wrong_cluster', 'the order is for another cluster');
  }
  const ofStream =
    order.stateEpoch === memory.stateEpoch &&
    order.instanceId === context.instanceId &&
    order.attempt === context.attempt &&
    order.sessionEpoch === context.sessionEpoch;
  if (!ofStream) return refused('replay', 'the order is for another stream');
  if (order.sequence <= context.lastSequence) {
    return refused('replay', 'the order was given before');
  }
  if (order.order === 'ORDER_UNSPECIFIED') return refused('malformed', 'the order says nothing');
  return { ok: true, value: order };
}

function refused(
  code: (JudgedOrder & { ok: false })['code'],
  message: string,
): JudgedOrder & { ok: false } {
  return { ok: false, code, message };
}

/** False for an order of a newer central. */
export function isKnownOrder(order: Order): boolean {
  return Object.hasOwn(actions, order);
}

/** What an order was called before orders were signed, for agents that know no better. */
export function actionOfOrder(order: Order): CommandAction {
  return actions[order] ?? 'ACTION_UNSPECIFIED';
}

const actions: Readonly<Partial<Record<Order, CommandAction>>> = {
  ORDER_RESYNC: 'ACTION_RESYNC',
  ORDER_RELEASE_REMOVALS: 'ACTION_RELEASE_REMOVALS',
  ORDER_ROTATE_CERTIFICATE: 'ACTION_ROTATE_CERTIFICATE',
  ORDER_RELEASE_GAINS: 'ACTION_UNSPECIFIED',
};
