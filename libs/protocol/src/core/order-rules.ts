import type { AgentMemory, Opened } from './agent-session-types.ts';
import type { CommandAction, CommandOrder, Order, SignedEnvelope } from './generated/messages.ts';

/** Of one stream of one process: an order fits exactly one. */
export interface OrderContext {
  readonly memory: Pick<AgentMemory, 'installationUid' | 'clusterUid' | 'stateEpoch'>;
  readonly instanceId: string;
  readonly attempt: number;
  readonly sessionEpoch: number;
  /** Sequence of the last order that was obeyed. */
  readonly lastOrder: number;
}

/** What every order names, whatever it asks for. */
type OfStream = Pick<
  CommandOrder,
  | 'installationUid'
  | 'clusterUid'
  | 'stateEpoch'
  | 'instanceId'
  | 'attempt'
  | 'sessionEpoch'
  | 'sequence'
>;

interface RefusedOrder {
  readonly ok: false;
  readonly code: 'bad_signature' | 'unknown_key' | 'wrong_cluster' | 'replay' | 'malformed';
  readonly message: string;
}

type JudgedOrder<T> = { readonly ok: true; readonly value: T } | RefusedOrder;

/**
 * Reads an order of any kind. It is good when central signed it for this very stream and it was not obeyed yet, nor one that
 * was given after it.
 */
export function openOrder<T extends OfStream>(
  envelope: SignedEnvelope | null,
  open: (envelope: SignedEnvelope) => Opened<T>,
  context: OrderContext,
): JudgedOrder<T> {
  if (envelope === null) {
    return refused('bad_signature', 'central gave an order without a signature');
  }
  const opened = open(envelope);
  if (!opened.ok) return opened;
  return refusalOfOrder(opened.value, context) ?? opened;
}

function refusalOfOrder(order: OfStream, context: OrderContext): RefusedOrder | undefined {
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
  if (order.sequence <= context.lastOrder) {
    return refused('replay', 'the order was given before');
  }
  return undefined;
}

function refused(code: RefusedOrder['code'], message: string): RefusedOrder {
  return { ok: false, code, message };
}

/** Reads a command; see `openOrder`. */
export function openCommand(
  envelope: SignedEnvelope | null,
  open: (envelope: SignedEnvelope) => Opened<CommandOrder>,
  context: OrderContext,
): JudgedOrder<CommandOrder> {
  const judged = openOrder(envelope, open, context);
  if (!judged.ok || judged.value.order !== 'ORDER_UNSPECIFIED') return judged;
  return refused('malformed', 'the order says nothing');
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
