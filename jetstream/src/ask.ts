// Questions to the server and their answers, over one inbox for the whole connection.
// The client's own request makes an error with a stack trace, a race and two promises even when all goes well; a mail asks
// three times. In a CPU profile of a node at full load that error alone was 1.5 % of the busy time. What is asked in one turn of
// the event loop leaves in one write: the server then wakes once, and answers in one.
import { createInbox, type Msg, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';

export type Ask = (subject: string, payload: Uint8Array | string, options: AskOptions) => Promise<Msg>;
export type AskOptions = { readonly timeoutMs: number; readonly headers?: MsgHdrs };

type Pending = {
  readonly resolve: (answer: Msg) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
};

/**
 * `ask` rejects after its time, when nobody listens, and as soon as `abandon` says that the connection ended. `defer` runs its
 * argument at the end of the turn.
 */
export function openAsk(
  nc: NatsConnection,
  inboxPrefix: string,
  defer: (write: () => void) => void = setImmediate,
): { readonly ask: Ask; abandon(): void } {
  const inbox = createInbox(inboxPrefix);
  const pending = new Map<string, Pending>();
  let asked = 0;

  const settle = (token: string): Pending | undefined => {
    const found = pending.get(token);
    if (found !== undefined) clearTimeout(found.timer);
    pending.delete(token);
    return found;
  };
  const listen = () =>
    nc.subscribe(`${inbox}.*`, {
      callback: (error, answer) => {
        if (error !== null) return; // the subscription was refused and is closed: what is under way runs into its time
        const found = settle(answer.subject.slice(inbox.length + 1));
        if (answer.headers?.code === 503 && answer.data.length === 0) found?.reject(new Error('nobody answers there'));
        else found?.resolve(answer);
      },
    });
  let answers = listen();

  let gathered: (() => void)[] = [];
  const write = () => {
    const now = gathered;
    gathered = [];
    for (const publish of now) publish();
  };
  const gather = (publish: () => void) => {
    if (gathered.push(publish) === 1) defer(write);
  };

  const ask: Ask = (subject, payload, { timeoutMs, headers }) =>
    new Promise((resolve, reject) => {
      const token = (asked++).toString(36);
      const timer = setTimeout(
        () => settle(token)?.reject(new Error(`no answer within ${Math.round(timeoutMs)} ms`)),
        timeoutMs,
      );
      pending.set(token, { resolve, reject, timer });
      gather(() => {
        if (!pending.has(token)) return; // the connection ended, or its time was over
        try {
          if (answers.isClosed()) answers = listen(); // refused once, while users were being changed: not for ever
          nc.publish(subject, payload, { reply: `${inbox}.${token}`, ...(headers === undefined ? {} : { headers }) });
        } catch (error) {
          settle(token);
          reject(error as Error);
        }
      });
    });
  const abandon = () => {
    for (const token of Array.from(pending.keys())) settle(token)?.reject(new Error('the connection ended'));
  };
  return { ask, abandon };
}
